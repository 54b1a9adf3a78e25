using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Operations.Details;

/// <param name="FailedAtMicroseconds">Since 1970: what Postgres keeps of a time.</param>
public readonly record struct FailedCommandKey(long FailedAtMicroseconds, int Shard, Guid RequestId)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{FailedAtMicroseconds}-{Shard}-{RequestId:N}");

    public static FailedCommandKey? Parse(string text) =>
        text.Split('-') is [var at, var shard, var id]
        && PageParameters.KeyOf(at) is { } microseconds and <= MostMicroseconds
        && PageParameters.KeyOf(shard) is { } number and < Shards.Maximum
        && Guid.TryParseExact(id, "N", out var request)
            ? new(microseconds, (int)number, request)
            : null;

    /// <summary>End of the year 9999: later times have no form here.</summary>
    private const long MostMicroseconds = 253_402_300_799_999_999;
}

public readonly record struct FailedCommandPageParameters(
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null
) : ICheckedParameters
{
    internal int Size => Limit ?? ApiLimits.PageSize;

    internal FailedCommandKey? Before => Cursor is null ? null : FailedCommandKey.Parse(Cursor);

    Problem? ICheckedParameters.Problem =>
        PageParameters.CheckSize(Limit) ?? (Cursor is not null && FailedCommandKey.Parse(Cursor) is null ? PageParameters.BadCursor : null);
}

/// <summary>Reads the primary, because a command that fails is looked at within seconds.</summary>
public sealed class FailedCommandReader(Database database)
{
    /// <summary>Npgsql sends the greatest time as infinity, which is after every time.</summary>
    private static readonly DateTime Latest = DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);

    private const string UnknownKind = "unknown";

    internal const string PageQuery = """
        SELECT shard, request_id, epoch, command, reason, failed_at, until FROM failed_commands
        WHERE (failed_at, shard, request_id) < (@failedAt, @shard, @requestId)
        ORDER BY failed_at DESC, shard DESC, request_id DESC LIMIT @rows
        """;

    public Task<Page<FailedCommandView>> ListAsync(int size, FailedCommandKey? before, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "failed_commands",
            async (connection, cancellationToken) =>
            {
                var read = (
                    await connection.QueryAsync<FailedCommandRow>(
                        new CommandDefinition(PageQuery, ParametersOf(before, size + 1), cancellationToken: cancellationToken)
                    )
                ).AsList();
                var rows = read.Take(size).ToList();
                return new Page<FailedCommandView>([.. rows.Select(row => row.View())], read.Count > size ? rows[^1].Key.ToString() : null);
            },
            cancellationToken
        );

    internal static object ParametersOf(FailedCommandKey? before, int rows) =>
        new
        {
            failedAt = before is { } key ? DateTime.UnixEpoch.AddTicks(key.FailedAtMicroseconds * TimeSpan.TicksPerMicrosecond) : Latest,
            shard = (short)(before?.Shard ?? 0),
            requestId = before?.RequestId ?? Guid.Empty,
            rows,
        };

    /// <summary>Without signatures: with one, any holder could settle the order in escape mode.</summary>
    internal static (string Kind, string Shown) Read(string command)
    {
        try
        {
            var node = JsonNode.Parse(command)!.AsObject();
            node.Remove("signature");
            var kind = JsonSerializer.Deserialize<LeaderCommand>(command, JsonSerializerOptions.Web)?.Kind;
            return (kind ?? UnknownKind, node.ToJsonString());
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or InvalidOperationException)
        {
            // Another version wrote it. Unread, it may have a signature anywhere.
            return (UnknownKind, "{}");
        }
    }

    private sealed class FailedCommandRow
    {
        public short Shard { get; init; }
        public Guid RequestId { get; init; }
        public long Epoch { get; init; }
        public string Command { get; init; } = "";
        public string Reason { get; init; } = "";
        public DateTime FailedAt { get; init; }
        public DateTime Until { get; init; }

        public FailedCommandKey Key => new((FailedAt - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, Shard, RequestId);

        public FailedCommandView View()
        {
            var (kind, shown) = Read(Command);
            return new FailedCommandView(Shard, RequestId, Epoch, kind, shown, Reason, FailedAt, Until);
        }
    }
}
