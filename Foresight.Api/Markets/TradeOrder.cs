using Foresight.Api.Reading;
using Foresight.Protocol;

namespace Foresight.Api.Markets;

/// <summary>
/// Each order is one that an index has, so that a page reads as many rows as it shows, wherever in the list it is; with a filter that is
/// not of that index, as many as it passes over. A place in it is what the last row on the page before has of the index's columns.
/// </summary>
internal abstract class TradeOrder
{
    private const string Columns = TradeReader.Columns;

    public static TradeOrder Of(string sort) =>
        sort switch
        {
            TradeSorts.OldestTrade => new ByTrade(isAscending: true),
            TradeSorts.NewestTime => new ByTime(isAscending: false),
            TradeSorts.OldestTime => new ByTime(isAscending: true),
            TradeSorts.FirstMarket => new ByMarket(isAscending: true),
            TradeSorts.LastMarket => new ByMarket(isAscending: false),
            TradeSorts.NewestBlock => new ByBlock(isAscending: false),
            TradeSorts.OldestBlock => new ByBlock(isAscending: true),
            _ => new ByTrade(isAscending: false),
        };

    /// <summary>The place of a page, of the first one if there is none before it.</summary>
    public abstract long[] PlaceOf(IReadOnlyList<long>? after);

    /// <param name="conditions">Of the rows that are wanted, in the words of the table t.</param>
    public abstract string Query(string conditions);

    /// <summary>One page of what the query has found, and the cursor of the next.</summary>
    public abstract (IReadOnlyList<TradeReader.TradeRow> Rows, string? Next) Cut(List<TradeReader.TradeRow> read, int size, long[] place);

    private sealed class ByTrade(bool isAscending) : TradeOrder
    {
        public override long[] PlaceOf(IReadOnlyList<long>? after) => [after?[0] ?? (isAscending ? -1 : long.MaxValue)];

        public override string Query(string conditions) =>
            isAscending
                ? $"SELECT {Columns} WHERE t.trade_id > @first AND {conditions} ORDER BY t.trade_id LIMIT @rows"
                : $"SELECT {Columns} WHERE t.trade_id < @first AND {conditions} ORDER BY t.trade_id DESC LIMIT @rows";

        public override (IReadOnlyList<TradeReader.TradeRow>, string?) Cut(List<TradeReader.TradeRow> read, int size, long[] place) =>
            PageParameters.Cut(read, size, row => row.TradeId);
    }

    /// <summary>Only trades in a block: the index has no others, and sorting all trades for those would read the whole table.</summary>
    private sealed class ByBlock(bool isAscending) : TradeOrder
    {
        public override long[] PlaceOf(IReadOnlyList<long>? after) =>
            after is not null ? [after[0], after[1]]
            : isAscending ? [-1, -1]
            : [long.MaxValue, long.MaxValue];

        public override string Query(string conditions)
        {
            var (follows, order) = isAscending ? (">", "t.block_number, t.trade_id") : ("<", "t.block_number DESC, t.trade_id DESC");
            return $"""
                SELECT {Columns} WHERE t.block_number IS NOT NULL AND (t.block_number, t.trade_id) {follows} (@first, @second)
                    AND {conditions}
                ORDER BY {order} LIMIT @rows
                """;
        }

        public override (IReadOnlyList<TradeReader.TradeRow>, string?) Cut(List<TradeReader.TradeRow> read, int size, long[] place) =>
            PageParameters.Cut(read, size, row => PageParameters.CursorOf(row.BlockNumber!.Value, row.TradeId));
    }

    /// <summary>
    /// The index has markets and trades in opposite directions, in which one comparison of both cannot find a place: what is left of the
    /// place's market is read for itself.
    /// </summary>
    private sealed class ByMarket(bool isAscending) : TradeOrder
    {
        public override long[] PlaceOf(IReadOnlyList<long>? after) =>
            after is not null ? [after[0], after[1]]
            : isAscending ? [-1, long.MaxValue]
            : [long.MaxValue, -1];

        public override string Query(string conditions)
        {
            var (next, follows, markets, trades) = isAscending
                ? (">", "<", "market_id", "trade_id DESC")
                : ("<", ">", "market_id DESC", "trade_id");
            return $"""
                SELECT * FROM (
                    (SELECT {Columns} WHERE t.market_id = @first AND t.trade_id {follows} @second AND {conditions}
                        ORDER BY t.{trades} LIMIT @rows)
                    UNION ALL
                    (SELECT {Columns} WHERE t.market_id {next} @first AND {conditions}
                        ORDER BY t.{markets}, t.{trades} LIMIT @rows)) AS found
                ORDER BY {markets}, {trades} LIMIT @rows
                """;
        }

        public override (IReadOnlyList<TradeReader.TradeRow>, string?) Cut(List<TradeReader.TradeRow> read, int size, long[] place) =>
            PageParameters.Cut(read, size, row => PageParameters.CursorOf(row.MarketId, row.TradeId));
    }

    /// <summary>
    /// No index has the time of all trades in order, and none is needed: a shard numbers its trades in order of time, so the page is merged
    /// from the next trades of each shard. A place is one in each: ascending the id from which on, descending the id below which.
    /// </summary>
    private sealed class ByTime(bool isAscending) : TradeOrder
    {
        public override long[] PlaceOf(IReadOnlyList<long>? after) =>
            after is not null ? [.. after] : [.. Enumerable.Range(isAscending ? 0 : 1, Shards.Maximum).Select(Shards.FirstId)];

        public override string Query(string conditions)
        {
            var (rest, direction) = isAscending
                ? ("t.trade_id >= s.place AND t.trade_id < s.after", "")
                : ("t.trade_id < s.place AND t.trade_id >= s.lowest", "DESC");
            return $"""
                SELECT found.* FROM (
                    SELECT (n - 1) << {Shards.NumberBits} AS lowest, n << {Shards.NumberBits} AS after, place
                    FROM unnest(@places) WITH ORDINALITY AS of_shard(place, n)) AS s
                CROSS JOIN LATERAL (
                    SELECT {Columns} WHERE {rest} AND {conditions} ORDER BY t.trade_id {direction} LIMIT @rows) AS found
                """;
        }

        public override (IReadOnlyList<TradeReader.TradeRow>, string?) Cut(List<TradeReader.TradeRow> read, int size, long[] place)
        {
            var shards = read.GroupBy(row => Shards.OfId(row.TradeId))
                .Select(shard => new Queue<TradeReader.TradeRow>(
                    isAscending ? shard.OrderBy(row => row.TradeId) : shard.OrderByDescending(row => row.TradeId)
                ))
                .ToList();
            var rows = new List<TradeReader.TradeRow>(size);
            var next = place.ToArray();
            while (rows.Count < size && shards.Count > 0)
            {
                var shard = isAscending ? shards.MinBy(Head)! : shards.MaxBy(Head)!;
                var row = shard.Dequeue();
                rows.Add(row);
                next[Shards.OfId(row.TradeId)] = isAscending ? row.TradeId + 1 : row.TradeId;
                if (shard.Count == 0)
                    shards.Remove(shard);
            }

            return (rows, shards.Count > 0 ? PageParameters.CursorOf(next) : null);

            static (DateTime, long) Head(Queue<TradeReader.TradeRow> shard) => (shard.Peek().ExecutedAt, shard.Peek().TradeId);
        }
    }
}
