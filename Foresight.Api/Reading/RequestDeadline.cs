using System.Globalization;
using Foresight.Api.Problems;
using Foresight.Protocol;

namespace Foresight.Api.Reading;

/// <summary>How long the caller of a write waits, from <see cref="ApiHeaders.Deadline"/>.</summary>
public sealed record RequestDeadline(TimeSpan Wait, Problem? Problem) : ICheckedParameters
{
    private const int MaxMilliseconds = 60_000;

    /// <summary>
    /// So that an answer is there within five seconds, also while nothing can be committed. A take-over of a crashed leader takes a second
    /// or two.
    /// </summary>
    private static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(4.5);

    /// <summary>Counted from now: a body that is slow to come in does not use it up.</summary>
    public DateTimeOffset At(TimeProvider clock) => clock.GetUtcNow() + Wait;

    public static ValueTask<RequestDeadline?> BindAsync(HttpContext http)
    {
        var wait = DefaultWait;
        Problem? problem = null;
        if (http.Request.Headers[ApiHeaders.Deadline] is [{ Length: > 0 } text])
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
