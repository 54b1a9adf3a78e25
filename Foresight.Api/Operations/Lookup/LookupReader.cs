using System.Globalization;
using Dapper;
using Foresight.Api.Markets;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace Foresight.Api.Operations.Lookup;

public sealed partial class LookupReader(
    Database database,
    MarketCatalog markets,
    NodeRegistry registry,
    TimeProvider clock,
    ILogger<LookupReader> logger
)
{
    public const int MaxHits = 20;

    /// <summary>Of one kind, so that many beginnings of one do not push the others off the list.</summary>
    private const int MaxOfKind = 10;

    private static readonly TimeSpan RegistryBound = TimeSpan.FromSeconds(1);

    /// <exception cref="NpgsqlException">Postgres cannot be read: without it nothing that was found would mean anything.</exception>
    public async Task<LookupView> FindAsync(LookupText text, NpgsqlLogSequenceNumber? after, CancellationToken cancellationToken)
    {
        var readingNodes = NodesAsync(text, cancellationToken);
        var stored = await database.ReadAsync(
            "lookup",
            after,
            (connection, cancellationToken) => StoredAsync(connection, text, cancellationToken),
            cancellationToken
        );
        var ofMarkets = MarketsOf(text, await markets.AllAsync(cancellationToken));
        var (ofNodes, unread) = await readingNodes;
        return new LookupView(
            text.Text,
            LookupRules.Best([.. stored, .. ofMarkets, .. ofNodes], MaxHits),
            unread is null ? new Dictionary<string, string>() : new Dictionary<string, string> { [LookupKinds.Node] = unread }
        );
    }

    /// <summary>One round trip for all kinds in the journal.</summary>
    private static async Task<IReadOnlyList<RankedHit>> StoredAsync(
        NpgsqlConnection connection,
        LookupText text,
        CancellationToken cancellationToken
    )
    {
        await using var read = await connection.QueryMultipleAsync(
            new CommandDefinition(string.Join(";\n", LookupQueries.All), ParametersOf(text), cancellationToken: cancellationToken)
        );
        var orders = (await read.ReadAsync<OrderFound>())
            .OrderByDescending(row => row.IsExact)
            .DistinctBy(row => new Hash32(row.OrderHash))
            .Take(MaxOfKind);
        var hits = orders.Select(row => row.Hit()).ToList();
        hits.AddRange((await read.ReadAsync<TradeFound>()).Select(row => row.Hit()));
        hits.AddRange((await read.ReadAsync<AccountFound>()).Select(row => row.Hit()));
        hits.AddRange((await read.ReadAsync<TransactionFound>()).Select(row => row.Hit()));
        hits.AddRange((await read.ReadAsync<DirectFillFound>()).SelectMany(row => row.Hits()));
        return hits;
    }

    internal static object ParametersOf(LookupText text) =>
        new
        {
            text = text.Text,
            number = text.Number,
            firstHash = text.Hash?.First,
            lastHash = text.Hash?.Last,
            isWholeHash = text.Hash?.IsWhole ?? false,
            firstAddress = text.Address?.First,
            lastAddress = text.Address?.Last,
            isWholeAddress = text.Address?.IsWhole ?? false,
            limit = MaxOfKind,
        };

    private static IEnumerable<RankedHit> MarketsOf(LookupText text, IReadOnlyList<Market> all) =>
        all.Select(market => (Market: market, Rank: LookupRules.RankOf(text, market)))
            .Where(found => found.Rank is not null)
            .OrderBy(found => found.Rank)
            .Take(MaxOfKind)
            .Select(found => new RankedHit(
                found.Rank!.Value,
                new LookupHit(
                    LookupKinds.Market,
                    found.Market.Id.ToString(CultureInfo.InvariantCulture),
                    found.Market.Question,
                    $"/markets/{found.Market.Id}"
                )
            ));

    /// <summary>Without Redis the rest is still worth having: operators look things up when something is down.</summary>
    private async Task<(IReadOnlyList<RankedHit> Hits, string? Unread)> NodesAsync(LookupText text, CancellationToken cancellationToken)
    {
        try
        {
            var nodes = await registry.ListAsync(cancellationToken).WaitAsync(RegistryBound, clock, cancellationToken);
            return (
                [
                    .. nodes
                        .Select(node => (Node: node, Rank: LookupRules.RankOf(text, node.NodeId)))
                        .Where(found => found.Rank is not null)
                        .OrderBy(found => found.Rank)
                        .Take(MaxOfKind)
                        .Select(found => new RankedHit(
                            found.Rank!.Value,
                            new LookupHit(LookupKinds.Node, found.Node.NodeId, $"{found.Node.Kind}, {found.Node.State}", "/cluster/nodes")
                        )),
                ],
                null
            );
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            Log.NodesUnread(logger, error.Message);
            return ([], error is TimeoutException ? "no answer in time" : error.GetType().Name);
        }
    }

    private sealed class OrderFound
    {
        public byte[] OrderHash { get; init; } = [];
        public int MarketId { get; init; }
        public short Outcome { get; init; }
        public bool IsBuy { get; init; }
        public int PriceTicks { get; init; }
        public long QuantityLots { get; init; }
        public short Status { get; init; }
        public DateTime AcceptedAt { get; init; }
        public byte[] Maker { get; init; } = [];
        public bool IsExact { get; init; }

        public RankedHit Hit()
        {
            var id = new Hash32(OrderHash).ToString();
            var title =
                $"{Names.OfSide(IsBuy)} {Decimals.Shares(QuantityLots)} of {MarketId}:{Outcome} at {Decimals.Price(PriceTicks)} by "
                + $"{new Address(Maker)}, {Names.OfOrderStatus(Status)}, {AcceptedAt:yyyy-MM-dd HH:mm:ss}Z";
            return new RankedHit(LookupRules.Rank(IsExact), new LookupHit(LookupKinds.Order, id, title, $"/admin/orders/{id}"));
        }
    }

    private sealed class TradeFound
    {
        public long TradeId { get; init; }
        public int MarketId { get; init; }
        public short Kind { get; init; }
        public long QuantityLots { get; init; }
        public int TakerPriceTicks { get; init; }
        public string Settlement { get; init; } = "";
        public DateTime ExecutedAt { get; init; }

        public RankedHit Hit()
        {
            var id = TradeId.ToString(CultureInfo.InvariantCulture);
            var title =
                $"{Names.OfTradeKind(Kind)} of {Decimals.Shares(QuantityLots)} at {Decimals.Price(TakerPriceTicks)} in market {MarketId}, "
                + $"{Settlement}, {ExecutedAt:yyyy-MM-dd HH:mm:ss}Z";
            return new RankedHit(LookupRules.Exact, new LookupHit(LookupKinds.Trade, id, title, $"/admin/trades/{id}"));
        }
    }

    private sealed class AccountFound
    {
        public int AccountId { get; init; }
        public byte[] Address { get; init; } = [];
        public bool IsExact { get; init; }

        public RankedHit Hit()
        {
            var id = new Address(Address).ToString();
            var title = $"account number {AccountId}";
            return new RankedHit(LookupRules.Rank(IsExact), new LookupHit(LookupKinds.Account, id, title, $"/admin/accounts/{id}"));
        }
    }

    private sealed class TransactionFound
    {
        public byte[] TxHash { get; init; } = [];
        public long Nonce { get; init; }
        public string State { get; init; } = "";
        public int Trades { get; init; }
        public int? MarketId { get; init; }
        public bool IsExact { get; init; }

        public RankedHit Hit()
        {
            var id = new Hash32(TxHash).ToString();
            var title = MarketId is { } market
                ? $"{Trades} trades of market {market}, nonce {Nonce}, {State}"
                : $"sign of life, nonce {Nonce}, {State}";
            return new RankedHit(LookupRules.Rank(IsExact), new LookupHit(LookupKinds.Transaction, id, title, $"/admin/transactions/{id}"));
        }
    }

    /// <summary>A transaction that is not settlement's has no page, so what it filled is the hit.</summary>
    private sealed class DirectFillFound
    {
        public byte[] TxHash { get; init; } = [];
        public byte[] OrderHash { get; init; } = [];
        public int MarketId { get; init; }
        public byte[] Maker { get; init; } = [];
        public long BlockNumber { get; init; }
        public bool IsKnownOrder { get; init; }
        public bool IsKnownMaker { get; init; }
        public bool IsExact { get; init; }

        public IEnumerable<RankedHit> Hits()
        {
            var (order, maker) = (new Hash32(OrderHash).ToString(), new Address(Maker).ToString());
            var filled = $"filled past the relayer in block {BlockNumber} by transaction {new Hash32(TxHash)}";
            var rank = LookupRules.Rank(IsExact);
            if (IsKnownOrder)
                yield return new(
                    rank,
                    new LookupHit(LookupKinds.Order, order, $"order of {maker} in market {MarketId}, {filled}", $"/admin/orders/{order}")
                );
            if (IsKnownMaker)
                yield return new(
                    rank,
                    new LookupHit(
                        LookupKinds.Account,
                        maker,
                        $"its order {order} in market {MarketId} was {filled}",
                        $"/admin/accounts/{maker}"
                    )
                );
            if (!IsKnownOrder && !IsKnownMaker)
                yield return new(
                    rank,
                    new LookupHit(
                        LookupKinds.Market,
                        MarketId.ToString(CultureInfo.InvariantCulture),
                        $"a stranger's order {order} of {maker} was {filled}",
                        $"/markets/{MarketId}"
                    )
                );
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Failed to read the nodes for a look-up: {Reason}")]
        public static partial void NodesUnread(ILogger logger, string reason);
    }
}
