using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Protocol;

namespace Foresight.Bench.Settle;

/// <summary>As many soft trades as firm ones, matched together, with what an adversary does before they are on chain.</summary>
internal sealed class Round(FirmStack stack, TradeFlow firm, TradeFlow soft, MarketPair markets)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private long _after;
    private long _through;

    public FirmStack Stack => stack;
    public MarketPair Markets => markets;
    public Acts Acts { get; } = new(stack.Stack);

    /// <summary>What was not as it must be, besides trades that failed.</summary>
    public List<string> Wrong { get; } = [];

    public long SoftThatWaited { get; private set; }

    /// <summary>The accounts of both crowds, each with the market in which it trades.</summary>
    public IEnumerable<(PrivateKey Key, DeployedMarket Market, bool IsFirm, bool Sells)> Makers =>
        [
            .. stack.Firm.Select((key, i) => (key, markets.Firm, true, i < stack.Firm.Count / 2)),
            .. stack.Soft.Select((key, i) => (key, markets.Soft, false, i < stack.Soft.Count / 2)),
        ];

    public async Task MatchAsync(int trades)
    {
        _after = await Phase.LastTradeAsync(stack.Stack);
        // Fewer if settlement has enough to do: the next round has the rest.
        await firm.MatchAsync(MatchKind.Direct, trades, [markets.Firm]);
        await soft.MatchAsync(MatchKind.Direct, trades, [markets.Soft]);
        _through = await Phase.LastTradeAsync(stack.Stack);
    }

    public async Task<bool> IsFirmTakenAsync() => (await firm.BidLowAsync(markets.Firm)).Status == ResultStatus.Accepted;

    /// <summary>Until every trade is in a transaction that was sent, which no block has.</summary>
    public Task OnTheWayAsync() =>
        stack.Stack.UntilAsync(
            "every trade of the round is on its way",
            async () => await CountAsync("settlement IN ('matched', 'batched')") == 0,
            Patience
        );

    public async Task FirmSettledAsync()
    {
        await SettledAsync("firm");
        SoftThatWaited = await CountAsync("NOT firm AND settlement NOT IN ('final', 'failed')");
    }

    public Task SoftSettledAsync() => SettledAsync("NOT firm");

    public async Task<IReadOnlyDictionary<string, long>> OutcomesAsync(bool isFirm)
    {
        await using var command = stack.Stack.Database.CreateCommand(
            """
            SELECT CASE settlement WHEN 'failed' THEN coalesce(split_part(settlement_reason, ':', 1), 'unknown') ELSE settlement END,
                count(*)
            FROM trades WHERE trade_id > $1 AND trade_id <= $2 AND firm = $3 GROUP BY 1
            """
        );
        foreach (var value in new object[] { _after, _through, isFirm })
            command.Parameters.Add(new() { Value = value });
        var outcomes = new Dictionary<string, long>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            outcomes[reader.GetString(0)] = reader.GetInt64(1);
        return outcomes;
    }

    public async Task CheckActsAsync() => Wrong.AddRange(await Acts.WrongAsync(await SettlementsAsync()));

    /// <summary>Of the makers who buy, because each trade has one.</summary>
    public async Task<ILookup<string, string>> SaltsByBuyerAsync()
    {
        await using var command = stack.Stack.Database.CreateCommand(
            """
            SELECT DISTINCT a.address, o.salt::text
            FROM fills f JOIN orders o USING (order_id) JOIN accounts a ON a.account_id = o.account_id
            WHERE f.trade_id > $1 AND f.trade_id <= $2 AND f.is_buy
            """
        );
        command.Parameters.Add(new() { Value = _after });
        command.Parameters.Add(new() { Value = _through });
        var salts = new List<(string Maker, string Salt)>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            salts.Add((new Address(reader.GetFieldValue<byte[]>(0)).ToLowerHex(), reader.GetString(1)));
        return salts.ToLookup(one => one.Maker, one => one.Salt);
    }

    private async Task<IReadOnlyList<Hash32>> SettlementsAsync()
    {
        await using var command = stack.Stack.Database.CreateCommand(
            "SELECT DISTINCT tx_hash FROM trades WHERE trade_id > $1 AND trade_id <= $2 AND tx_hash IS NOT NULL"
        );
        command.Parameters.Add(new() { Value = _after });
        command.Parameters.Add(new() { Value = _through });
        var hashes = new List<Hash32>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            hashes.Add(new Hash32(reader.GetFieldValue<byte[]>(0)));
        return hashes;
    }

    // A trade that never ends must be a line of the report, and not the end of the run.
    private async Task SettledAsync(string which)
    {
        try
        {
            await stack.Stack.UntilAsync(
                "the trades of the round are settled",
                async () => await CountAsync($"{which} AND settlement NOT IN ('final', 'failed')") == 0,
                Patience
            );
        }
        catch (TimeoutException)
        {
            Wrong.Add($"{await CountAsync($"{which} AND settlement NOT IN ('final', 'failed')")} trades ({which}) are not at their end");
        }
    }

    private Task<long> CountAsync(string condition) =>
        stack.Stack.ScalarAsync<long>(
            $"SELECT count(*) FROM trades WHERE trade_id > $1 AND trade_id <= $2 AND {condition}",
            _after,
            _through
        );
}
