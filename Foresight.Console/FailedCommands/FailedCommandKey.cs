using System.Globalization;
using Foresight.Protocol;

namespace Foresight.Console.FailedCommands;

/// <summary>
/// Names one failed command in addresses, in the words of the Api's cursors: microseconds since 1970, shard and request, with a minus
/// between them.
/// </summary>
public readonly record struct FailedCommandKey(long FailedAtMicroseconds, int Shard, Guid RequestId)
{
    /// <summary>End of the year 9999.</summary>
    private const long MostMicroseconds = 253_402_300_799_999_999;

    public static FailedCommandKey Of(FailedCommandView command) =>
        new((command.FailedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, command.Shard, command.RequestId);

    public static FailedCommandKey? Parse(string text) =>
        text.Split('-') is [var at, var shard, var id]
        && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
        && microseconds < MostMicroseconds
        && int.TryParse(shard, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number < Shards.Maximum
        && Guid.TryParseExact(id, "N", out var request)
            ? new(microseconds, number, request)
            : null;

    /// <summary>The page behind it begins with this command, or with one of the same microsecond.</summary>
    public string CursorBefore => new FailedCommandKey(FailedAtMicroseconds + 1, 0, Guid.Empty).ToString();

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{FailedAtMicroseconds}-{Shard}-{RequestId:N}");
}
