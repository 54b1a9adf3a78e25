using Foresight.Api.Problems;
using Foresight.Protocol;
using NpgsqlTypes;

namespace Foresight.Api.Reading;

/// <summary>
/// A replica may lag behind a caller's own write, so the caller names its position (<see cref="ApiHeaders.Lsn"/>), which the
/// read must include.
/// </summary>
/// <param name="Position">Null if the caller requires none.</param>
public sealed record ReadAfter(NpgsqlLogSequenceNumber? Position, Problem? Problem) : ICheckedParameters
{
    public static ValueTask<ReadAfter?> BindAsync(HttpContext http)
    {
        ReadAfter read =
            http.Request.Headers[ApiHeaders.Lsn].ToString() is not { Length: > 0 } text ? new(null, null)
            : NpgsqlLogSequenceNumber.TryParse(text, out var position) ? new(position, null)
            : new(null, Problem.Malformed($"{ApiHeaders.Lsn} must be a position as an answer gave it, like 0/16B3748."));
        return ValueTask.FromResult<ReadAfter?>(read);
    }
}
