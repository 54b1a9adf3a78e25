using Dapper;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using NpgsqlTypes;

namespace Foresight.Api.Operations.Firm;

/// <summary>How much of what rests in a market's books is paid from the vault.</summary>
public sealed class FirmShareReader(Database database)
{
    /// <summary>Where there is no vault nothing is summed.</summary>
    internal const string Query = $"""
        SELECT v.vault, o.lots, o.firm_lots, o.micros, o.firm_micros
        FROM markets m
        CROSS JOIN (SELECT {FirmReader.HasVault} AS vault) v
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(lots), 0) AS lots, coalesce(sum(lots) FILTER (WHERE purse = 1), 0) AS firm_lots,
                coalesce(sum(lots * price_ticks), 0) AS micros, coalesce(sum(lots * price_ticks) FILTER (WHERE purse = 1), 0) AS firm_micros
            FROM (
                SELECT (quantity_lots - filled_lots - reduced_lots)::numeric AS lots, price_ticks, purse
                FROM orders WHERE market_id = m.market_id AND status IN (0, 1) AND v.vault) AS resting) o
        WHERE m.market_id = @market
        """;

    /// <returns>Null if there is no such market.</returns>
    public Task<FirmShareView?> FindAsync(int market, NpgsqlLogSequenceNumber? after, CancellationToken cancellationToken) =>
        database.FindAsync(
            "firm_share",
            after,
            async (connection, cancellationToken) =>
                (
                    await connection.QuerySingleOrDefaultAsync<Row>(
                        new CommandDefinition(Query, new { market }, cancellationToken: cancellationToken)
                    )
                )?.View(market),
            cancellationToken
        );

    private sealed class Row
    {
        public bool Vault { get; init; }
        public decimal Lots { get; init; }
        public decimal FirmLots { get; init; }
        public decimal Micros { get; init; }
        public decimal FirmMicros { get; init; }

        public FirmShareView View(int market) =>
            new(market, Vault, MoneySums.Shares(Lots), MoneySums.Shares(FirmLots), MoneySums.Usdc(Micros), MoneySums.Usdc(FirmMicros));
    }
}
