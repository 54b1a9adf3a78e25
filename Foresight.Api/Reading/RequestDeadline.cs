using System.Globalization;
using Foresight.Api.Problems;
using Foresight.Protocol;

namespace Foresight.Api.Reading;

public sealed record RequestDeadline(TimeSpan Wait, Problem? Problem) : ICheckedParameters
{
    private const int MaxMilliseconds = 60_000;

    /// <summary>
    /// Gives an answer within five seconds even if nothing can be committed. The failover of a crashed leader takes one or two seconds, so
    /// most requests outlast it.
    /// </summary>
    private static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(4.5);

    /// <summary>Counted from now, so that a slow upload of the body does not use it up.</summary>
    public DateTimeOffset At(TimeProvider clock) => clock.GetUtcNow() + Wait;

    public static ValueTask<RequestDeadline?> BindAsync(HttpContext http)
    {
        var wait = DefaultWait;
        Problem? problem = null;
        if (http.Request.Headers[ApiHeaders.Deadline].ToString() is { Length: > 0 } text)
        {
            if (
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
                && milliseconds is >= 1 and <= MaxMilliseconds
            )
                wait = TimeSpan.FromMilliseconds(milliseconds);
            else
                problem = Problem.Malformed($"{ApiHeaders.Deadline} must be a whole number of milliseconds from 1 to {MaxMilliseconds}.");
        }

        return ValueTask.FromResult<RequestDeadline?>(new RequestDeadline(wait, problem));
    }
}
