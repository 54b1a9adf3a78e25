using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.MarketData;

/// <param name="Epoch">Epoch of the shard's last command; 0 if its journal is empty.</param>
public sealed record BookSnapshot(long Epoch, long Sequence, ILookup<int, LevelChange> Levels);

/// <param name="Epoch">Highest epoch that any leader of the shard has held.</param>
/// <param name="Sequence">Last position of the shard's journal; 0 if it is empty.</param>
/// <param name="SettlementEpoch">Highest epoch that any holder of settlement's lease has held.</param>
public readonly record struct JournalPosition(long Epoch, long Sequence, long SettlementEpoch);

/// <summary>
/// Reads the primary, because a message is published only after its commit there: a snapshot that is read after a message arrived always
/// includes it.
/// </summary>
public sealed class BookReader(Database database)
{
    /// <summary>One statement, hence one database snapshot: the levels belong exactly to the sequence.</summary>
    private const string Query = """
        WITH position AS (SELECT sequence, epoch FROM commands WHERE shard = $2 ORDER BY sequence DESC LIMIT 1),
        levels AS (
            SELECT market_id, outcome, is_buy, price_ticks, sum(quantity_lots - filled_lots - reduced_lots)::bigint AS lots,
                coalesce(sum(quantity_lots - filled_lots - reduced_lots) FILTER (WHERE purse = 1), 0)::bigint AS firm
            FROM orders WHERE status IN (0, 1) AND market_id = ANY ($1) GROUP BY market_id, outcome, is_buy, price_ticks)
        SELECT p.epoch, p.sequence, l.market_id, l.outcome, l.is_buy, l.price_ticks, l.lots, l.firm
        FROM position p LEFT JOIN levels l ON true
        """;

    public Task<JournalPosition> PositionAsync(int shard, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "journal_position",
            async (connection, cancellationToken) =>
            {
                await using var command = new NpgsqlCommand(
                    """
                    SELECT greatest((SELECT epoch FROM leadership WHERE resource = $1),
                        (SELECT epoch FROM commands WHERE shard = $2 ORDER BY sequence DESC LIMIT 1), 0),
                           coalesce((SELECT max(sequence) FROM commands WHERE shard = $2), 0),
                           coalesce((SELECT epoch FROM leadership WHERE resource = $3), 0)
                    """,
                    connection
                )
                {
                    Parameters =
                    {
                        new() { Value = LeasedResources.MatchingOf(shard) },
                        new() { Value = (short)shard },
                        new() { Value = LeasedResources.Settlement },
                    },
                };
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                await reader.ReadAsync(cancellationToken);
                return new JournalPosition(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
            },
            cancellationToken
        );

    /// <param name="markets">Markets of this shard only: the position that is read with them is the shard's.</param>
    /// <param name="binary">The markets among them with two outcomes, because an order for one outcome is a level of both.</param>
    public Task<BookSnapshot> ReadAsync(int shard, int[] markets, IReadOnlySet<int> binary, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "order_book",
            async (connection, cancellationToken) =>
            {
                await using var command = new NpgsqlCommand(Query, connection)
                {
                    Parameters =
                    {
                        new() { Value = markets },
                        new() { Value = (short)shard },
                    },
                };
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                var (epoch, sequence) = (0L, 0L);
                var orders = new List<(int Market, LevelChange Level)>();
                while (await reader.ReadAsync(cancellationToken))
                {
                    (epoch, sequence) = (reader.GetInt64(0), reader.GetInt64(1));
                    if (!await reader.IsDBNullAsync(2, cancellationToken))
                        orders.Add(
                            (
                                reader.GetInt32(2),
                                new LevelChange(
                                    reader.GetInt16(3),
                                    reader.GetBoolean(4),
                                    reader.GetInt32(5),
                                    reader.GetInt64(6),
                                    reader.GetInt64(7)
                                )
                            )
                        );
                }

                return new BookSnapshot(epoch, sequence, BookLevels.Of(orders, binary));
            },
            cancellationToken
        );
}

public static class BookLevels
{
    /// <summary>
    /// In a binary market a bid for one outcome at q is an ask for the other at 1 - q, so each order counts in both views.
    /// </summary>
    public static ILookup<int, LevelChange> Of(IEnumerable<(int Market, LevelChange Level)> orders, IReadOnlySet<int> binary)
    {
        var levels = new Dictionary<(int Market, int Outcome, bool IsBid, int Ticks), LevelChange>();
        foreach (var (market, order) in orders)
        {
            Add(market, order);
            if (binary.Contains(market))
                Add(
                    market,
                    order with
                    {
                        Outcome = 1 - order.Outcome,
                        IsBid = !order.IsBid,
                        PriceTicks = Matching.Engine.Price.TicksPerUnit - order.PriceTicks,
                    }
                );
        }

        return levels.ToLookup(level => level.Key.Market, level => level.Value);

        void Add(int market, LevelChange more)
        {
            var key = (market, more.Outcome, more.IsBid, more.PriceTicks);
            levels[key] = levels.TryGetValue(key, out var sum)
                ? sum with
                {
                    Lots = sum.Lots + more.Lots,
                    FirmLots = sum.FirmLots + more.FirmLots,
                }
                : more;
        }
    }
}
