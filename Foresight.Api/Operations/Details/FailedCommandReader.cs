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

/// <param name="Kind">One of <see cref="FailedCommandKinds"/>; null: any.</param>
/// <param name="Text">Part of the reason or of the request's id, in upper or lower case.</param>
public readonly record struct FailedCommandParameters(
    [FromQuery(Name = "kind")] string? Kind = null,
    [FromQuery(Name = "shard")] int? Shard = null,
    [FromQuery(Name = "text")] string? Text = null
) : ICheckedParameters
{
    internal FailedCommandFilter Filter => new(Kind, Shard, string.IsNullOrWhiteSpace(Text) ? null : Text.Trim());

    Problem? ICheckedParameters.Problem =>
        FilterChecks.Word(Kind, "kind", FailedCommandKinds.Filters)
        ?? (Shard is < 0 or >= Shards.Maximum ? Problem.Malformed($"shard must be from 0 to {Shards.Maximum - 1}.") : null)
        ?? FilterChecks.Text(Text, "text");
}

/// <summary>A null member does not restrict.</summary>
internal sealed record FailedCommandFilter(string? Kind = null, int? Shard = null, string? Text = null);

/// <param name="Sort">One of <see cref="FailedCommandSorts.Names"/>, descending with a minus before it; null: the newest first.</param>
public readonly record struct FailedCommandPageParameters(
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null,
    [FromQuery(Name = "sort")] string? Sort = null,
    [FromQuery(Name = "offset")] int? Offset = null
) : ICheckedParameters
{
    internal FailedCommandPage Page =>
        new(ListOrder.ByOffset(Sort, FailedCommandSorts.Newest, Offset), Limit ?? ApiLimits.PageSize, Offset ?? 0, Before);

    private FailedCommandKey? Before => Cursor is null ? null : FailedCommandKey.Parse(Cursor);

    Problem? ICheckedParameters.Problem =>
        ListOrder.Check(Sort, FailedCommandSorts.Names)
        ?? PageParameters.CheckSize(Limit)
        ?? ListOrder.CheckPlace(Sort, FailedCommandSorts.Newest, Cursor, Before is not null, Offset);
}

/// <param name="Order">Null: the newest first, by cursor.</param>
/// <param name="Before">Key of the last row on the previous page, in the list's own order.</param>
internal sealed record FailedCommandPage(ListOrder? Order, int Size, int Offset, FailedCommandKey? Before);

/// <summary>Reads the primary, because a command that fails is looked at within seconds.</summary>
public sealed class FailedCommandReader(Database database)
{
    /// <summary>Npgsql sends the greatest time as infinity, which is after every time.</summary>
    private static readonly DateTime Latest = DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);

    /// <summary>
    /// The command's first member, as its reader wants it. Cut out and not parsed, because what another version wrote may be no JSON.
    /// </summary>
    private const string Kind = """
        coalesce((@kindNames::text[])[array_position(@kindNumbers::text[],
            substring(command FROM '^\s*\{\s*"kind"\s*:\s*(\d{1,9})\s*[,}]'))], @unknownKind)
        """;

    /// <summary>Another version wrote it, so it may have a signature anywhere.</summary>
    private const string Unread = "{}";

    /// <summary>Not of the command, which has the signature that is shown to no one.</summary>
    private const string Searched = "lower(reason || ' ' || request_id)";

    private const string Columns = $"shard, request_id, epoch, command, reason, failed_at, until, {Kind} AS kind";

    private const string Newest = "failed_at DESC, shard DESC, request_id DESC";

    internal Task<CountedPage<FailedCommandView>> ListAsync(
        FailedCommandFilter filter,
        FailedCommandPage page,
        CancellationToken cancellationToken
    ) =>
        database.ReadPrimaryAsync(
            "failed_commands",
            (connection, cancellationToken) =>
                CountedPages.ReadAsync<FailedCommandRow, FailedCommandView>(
                    connection,
                    CountQuery(filter),
                    page.Order is null ? PageQuery(filter) : SortedQuery(filter, page.Order),
                    ParametersOf(filter, page),
                    page.Size,
                    page.Order,
                    row => row.Key.ToString(),
                    row => row.View(),
                    cancellationToken
                ),
            cancellationToken
        );

    internal static string PageQuery(FailedCommandFilter filter) =>
        $"""
            SELECT {Columns} FROM failed_commands
            WHERE (failed_at, shard, request_id) < (@failedAt, @beforeShard, @requestId) AND {Conditions(filter)}
            ORDER BY {Newest} LIMIT @rows
            """;

    internal static string CountQuery(FailedCommandFilter filter) =>
        $"""
            SELECT count(*) FROM (
                SELECT FROM failed_commands WHERE {Conditions(filter)} ORDER BY {Newest} LIMIT @most) AS newest
            """;

    internal static string SortedQuery(FailedCommandFilter filter, ListOrder order)
    {
        var key = order.Sort switch
        {
            "failedAt" => "failed_at",
            "kind" => "kind",
            "reason" => "split_part(reason, E'\\n', 1)",
            "shard" => "shard",
            "epoch" => "epoch",
            "quarantinedUntil" => "until",
            _ => throw new InvalidOperationException($"The order {order.Sort} was not checked."),
        };
        // Ends with the key, so that equal rows have an order too and no page repeats or misses one.
        return $"""
            SELECT * FROM (
                SELECT {Columns} FROM failed_commands WHERE {Conditions(filter)} ORDER BY {Newest} LIMIT @most) AS newest
            ORDER BY {key} {order.Direction}, {Newest} LIMIT @rows OFFSET @offset
            """;
    }

    private static string Conditions(FailedCommandFilter filter)
    {
        var conditions = new List<string> { "true" };
        if (filter.Kind is not null)
            conditions.Add($"{Kind} = @kind");
        if (filter.Shard is not null)
            conditions.Add("shard = @shard");
        // Not LIKE, in which a text has signs of its own.
        if (filter.Text is not null)
            conditions.Add($"position(lower(@text) IN {Searched}) > 0");
        return string.Join(" AND ", conditions);
    }

    internal static object ParametersOf(FailedCommandFilter filter, FailedCommandPage page) =>
        new
        {
            failedAt = page.Before is { } key
                ? DateTime.UnixEpoch.AddTicks(key.FailedAtMicroseconds * TimeSpan.TicksPerMicrosecond)
                : Latest,
            beforeShard = (short)(page.Before?.Shard ?? 0),
            requestId = page.Before?.RequestId ?? Guid.Empty,
            kind = filter.Kind,
            shard = (short?)filter.Shard,
            text = filter.Text,
            kindNumbers = LeaderCommand.Kinds.Keys.Select(number => number.ToString(CultureInfo.InvariantCulture)).ToArray(),
            kindNames = LeaderCommand.Kinds.Values.ToArray(),
            unknownKind = FailedCommandKinds.Unknown,
            rows = page.Size + 1,
            offset = page.Offset,
            most = SortedLists.Rows,
        };

    /// <summary>Without signatures: with one, any holder could settle the order in escape mode.</summary>
    private static string Shown(string command)
    {
        try
        {
            var node = JsonNode.Parse(command)!.AsObject();
            node.Remove("signature");
            return JsonSerializer.Deserialize<LeaderCommand>(command, JsonSerializerOptions.Web) is null ? Unread : node.ToJsonString();
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or InvalidOperationException)
        {
            return Unread;
        }
    }

    private sealed class FailedCommandRow
    {
        public short Shard { get; init; }
        public Guid RequestId { get; init; }
        public long Epoch { get; init; }
        public string Command { get; init; } = "";
        public string Kind { get; init; } = "";
        public string Reason { get; init; } = "";
        public DateTime FailedAt { get; init; }
        public DateTime Until { get; init; }

        public FailedCommandKey Key => new((FailedAt - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, Shard, RequestId);

        public FailedCommandView View() => new(Shard, RequestId, Epoch, Kind, Shown(Command), Reason, FailedAt, Until);
    }
}
