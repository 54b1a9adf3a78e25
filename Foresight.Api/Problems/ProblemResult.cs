using System.Diagnostics;
using System.Globalization;

namespace Foresight.Api.Problems;

public sealed class ProblemResult(Problem problem) : IResult, IStatusCodeHttpResult
{
    public Problem Problem => problem;

    public int? StatusCode => problem.Status ?? ProblemRules.StatusOf(problem.Code);

    public Task ExecuteAsync(HttpContext http)
    {
        var status = StatusCode!.Value;
        http.Response.StatusCode = status;
        if (problem.RetryAfter is { } wait)
            http.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var body = new ProblemBody(
            "urn:foresight:problem:" + problem.Code,
            ProblemRules.TitleOf(problem.Code),
            status,
            problem.Code,
            problem.Detail,
            Activity.Current?.TraceId.ToString() ?? http.TraceIdentifier,
            ProblemRules.IsRetryable(problem.Code) ? true : null,
            problem.LeaderId
        )
        {
            More = problem.More.Count == 0 ? null : new Dictionary<string, object?>(problem.More),
        };
        return http.Response.WriteAsJsonAsync(body, ApiJson.Problem, ProblemRules.ContentType, http.RequestAborted);
    }

    public static implicit operator ProblemResult(Problem problem) => new(problem);
}
