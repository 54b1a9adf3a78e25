using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Protocol;

namespace Foresight.Client;

internal enum AnswerKind
{
    Done,

    Refused,

    /// <summary>429 or 503: nothing was done, so the same bytes may be sent again.</summary>
    Busy,

    /// <summary>The request may have taken effect, so its fate must be queried before anything else is done.</summary>
    Unknown,
}

/// <param name="RetryAfter">Bounded by <see cref="MaxRetryAfter"/>, so that a wrong header cannot stop a trader; null if absent.</param>
internal sealed record ApiAnswer<T>(AnswerKind Kind, int Status, T? Body, string? Code, string? Detail, TimeSpan? RetryAfter)
    where T : class
{
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromSeconds(30);

    public static async Task<ApiAnswer<T>> ReadAsync(
        HttpResponseMessage response,
        JsonSerializerOptions json,
        TimeProvider clock,
        CancellationToken stop
    )
    {
        var status = (int)response.StatusCode;
        if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created)
        {
            var body = await response.Content.ReadFromJsonAsync<T>(json, stop).ConfigureAwait(false);
            return new ApiAnswer<T>(AnswerKind.Done, status, body ?? throw new JsonException("the answer was null"), null, null, null);
        }

        var (code, detail) = await ReadProblemAsync(response, stop).ConfigureAwait(false);
        var kind = (response.StatusCode, code) switch
        {
            (_, ProblemCodes.InDoubt) => AnswerKind.Unknown,
            (HttpStatusCode.Accepted, _) => AnswerKind.Unknown,
            (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable, _) => AnswerKind.Busy,
            _ when status is >= 400 and < 500 => AnswerKind.Refused,
            _ => AnswerKind.Unknown,
        };
        return new ApiAnswer<T>(kind, status, null, code ?? $"http_{status}", detail, RetryAfterOf(response, clock));
    }

    private static async Task<(string? Code, string? Detail)> ReadProblemAsync(HttpResponseMessage response, CancellationToken stop)
    {
        if (response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json"))
            return (null, null);
        try
        {
            using var document = await JsonDocument
                .ParseAsync(await response.Content.ReadAsStreamAsync(stop).ConfigureAwait(false), cancellationToken: stop)
                .ConfigureAwait(false);
            return (TextOf(document.RootElement, "code"), TextOf(document.RootElement, "detail"));
        }
        catch (JsonException)
        {
            // The status counts even if the body cannot be read.
            return (null, null);
        }
    }

    private static string? TextOf(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String
            ? member.GetString()
            : null;

    private static TimeSpan? RetryAfterOf(HttpResponseMessage response, TimeProvider clock)
    {
        var header = response.Headers.RetryAfter;
        var wait = header?.Delta ?? (header?.Date is { } date ? date - clock.GetUtcNow() : null);
        if (wait is not { } span)
            return null;
        return span < TimeSpan.Zero ? TimeSpan.Zero
            : span < MaxRetryAfter ? span
            : MaxRetryAfter;
    }
}
