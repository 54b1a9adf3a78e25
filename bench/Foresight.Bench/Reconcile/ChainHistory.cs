using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using NpgsqlTypes;

namespace Foresight.Bench.Reconcile;

/// <summary>
/// The market contract really settles these trades on the development chain; leader and follower are only imitated in the journal. The
/// ledger is computed here from each trade and never read from the chain, so that it can be wrong only independently.
/// </summary>
internal sealed class ChainHistory(ReconcileStack stack, int perBlock)
{
    private const int TraderCount = 16;
    private const long GasPerTrade = 1_200_000;
    private const int SendAtOnce = 50;
    private const int MarketId = 1;

    private static readonly BigInteger Fee = 20_000_000_000;
    private static readonly BigInteger Deposit = 50_000_000_000_000;
    private static readonly BigInteger Sets = 5_000_000;

    private readonly Dictionary<Address, long> _nonces = [];
    private readonly List<(PrivateKey Key, long Usdc, long Yes, long No)> _traders = [];
    private readonly PrivateKey _operator = PrivateKey.Parse(ReconcileStack.OperatorKey);

    public int Blocks { get; private set; }

    public async Task FundAsync()
    {
        await stack.RequestAsync("evm_setAutomine", false);
        var market = stack.Deployment.Market(MarketId).Address;
        for (var i = 0; i < TraderCount; i++)
        {
            var key = PrivateKey.OfPhrase($"reconcile trader {i}");
            await stack.RequestAsync("anvil_setBalance", key.Address.ToLowerHex(), Hex.EncodeQuantity(BigInteger.Pow(10, 20)));
            await SendAsync(
                (_operator, stack.Deployment.Usdc, UsdcContract.Mint(key.Address, Deposit), 200_000),
                (key, stack.Deployment.Usdc, UsdcContract.Approve(stack.Deployment.Factory, Word.MaxUInt256), 200_000),
                (key, stack.Deployment.OutcomeToken, OutcomeTokenContract.SetApprovalForAll(stack.Deployment.Factory, true), 200_000)
            );
            await MineAsync();
            await SendAsync((key, market, MarketContract.MintSet(Sets * BigInteger.Pow(10, 18)), 1_000_000));
            _traders.Add((key, (long)(Deposit - (Sets * 1_000_000)), (long)Sets * 100, (long)Sets * 100));
        }

        await MineAsync();
        await stack.ExecuteAsync(
            "INSERT INTO accounts SELECT n, a FROM unnest($1::int[], $2::bytea[]) AS u (n, a)",
            Enumerable.Range(1, TraderCount).ToArray(),
            _traders.Select(t => t.Key.Address.ToBytes()).ToArray()
        );
    }

    public async Task AddAccountsAsync(int count, Action<int> progress)
    {
        var addresses = new List<byte[]>();
        for (var start = 0; start < count; start += SendAtOnce)
        {
            var keys = Enumerable
                .Range(start, Math.Min(SendAtOnce, count - start))
                .Select(i => PrivateKey.OfPhrase($"reconcile account {i}"))
                .ToList();
            await stack.RequestAllAsync(
                keys.Select(key => new RpcRequest("anvil_setBalance", key.Address.ToLowerHex(), Hex.EncodeQuantity(BigInteger.Pow(10, 18))))
            );
            await SendAsync([
                .. keys.SelectMany(
                    (key, i) =>
                        new (PrivateKey, Address, byte[], long)[]
                        {
                            (_operator, stack.Deployment.Usdc, UsdcContract.Mint(key.Address, 1_000_000 + start + i), 200_000),
                            (key, stack.Deployment.Usdc, UsdcContract.Approve(stack.Deployment.Factory, Word.MaxUInt256), 200_000),
                        }
                ),
            ]);
            await MineAsync();
            addresses.AddRange(keys.Select(k => k.Address.ToBytes()));
            progress(start + keys.Count);
        }

        await stack.ExecuteAsync(
            "INSERT INTO accounts SELECT n, a FROM unnest($1::int[], $2::bytea[]) AS u (n, a)",
            Enumerable.Range(TraderCount + 1, count).ToArray(),
            addresses.ToArray()
        );
        await stack.ExecuteAsync(
            """
            INSERT INTO balances (account_id, market_id, outcome, owned, order_hold, trade_hold, updated_sequence)
            SELECT n, 0, 255, u, 0, 0, 0 FROM unnest($1::int[], $2::bigint[]) AS x (n, u)
            """,
            Enumerable.Range(TraderCount + 1, count).ToArray(),
            Enumerable.Range(0, count).Select(i => 1_000_000L + i).ToArray()
        );
        await stack.ExecuteAsync(
            """
            INSERT INTO balances (account_id, market_id, outcome, owned, order_hold, trade_hold, updated_sequence)
            SELECT n, $2, 0, 0, 0, 0, 0 FROM unnest($1::int[]) AS x (n)
            """,
            Enumerable.Range(TraderCount + 1, count).ToArray(),
            MarketId
        );
    }

    public async Task SettleAsync(int count, Random random, Action<int> progress)
    {
        var market = stack.Deployment.Market(MarketId).Address;
        var orders = new StandingOrders([.. _traders.Select(t => t.Key)], TypedDataDomain.OfMarket(ReconcileStack.ChainId, market));
        var next = await stack.Client.BlockNumberAsync() + 1;
        await using var connection = await stack.Database.OpenConnectionAsync();
        var start = 0;
        while (start < count)
        {
            var batches = new List<(SettledBatch Batch, SignedTransaction Transaction)>();
            for (; start < count && batches.Count < SendAtOnce; start += perBlock)
            {
                var trades = Enumerable
                    .Range(start + 1, Math.Min(perBlock, count - start))
                    .Select(id => NewTrade(id, random, orders))
                    .ToList();
                var data = MarketContract.Settle([.. trades.Select(t => new MarketMatch(t.Id, [Leg(t.Buy, t), Leg(t.Sell, t)]))]);
                var signed = Sign(_operator, market, data, GasPerTrade * trades.Count);
                batches.Add((new SettledBatch(next++, signed.Hash.ToBytes(), trades), signed));
            }

            foreach (var (_, transaction) in batches)
            {
                await stack.Client.SendTransactionAsync(transaction);
                await MineAsync();
            }

            Blocks += batches.Count;
            var receipts = await stack.Client.GetTransactionReceiptsAsync([.. batches.Select(b => b.Transaction.Hash)]);
            for (var i = 0; i < batches.Count; i++)
            {
                // By TradeSettled, because each trade also emits two OrderFilled and the tokens' events.
                var settled = receipts[i]?.Logs.Count(l => l.Topics[0] == MarketEvents.TradeSettled.Topic) ?? 0;
                if (receipts[i]?.BlockNumber != batches[i].Batch.Block || settled != batches[i].Batch.Trades.Count)
                    throw new InvalidOperationException(
                        $"A batch of {batches[i].Batch.Trades.Count} settled {settled}, in block {receipts[i]?.BlockNumber} and not "
                            + $"{batches[i].Batch.Block}."
                    );
            }

            await JournalRows.WriteOrdersAsync(connection, orders.TakeNew(), MarketId);
            await JournalRows.WriteAsync(connection, [.. batches.Select(b => b.Batch)], MarketId);
            progress(Math.Min(start, count));
        }

        await stack.ExecuteAsync(JournalRows.FillOrders);
        await WriteLedgerAsync();
    }

    private static MarketLeg Leg(SettledOrder order, SettledTrade trade) =>
        new(order.Message, order.Signature, trade.Lots * OrderMessage.AmountPerLot, trade.Ticks * OrderMessage.PricePerTick);

    private SettledTrade NewTrade(long id, Random random, StandingOrders orders)
    {
        var buyer = random.Next(TraderCount);
        var seller = (buyer + 1 + random.Next(TraderCount - 1)) % TraderCount;
        var (level, lots) = (random.Next(StandingOrders.Levels), (long)random.Next(1, 100));
        var (buy, sell) = (orders.Fill(buyer, true, level, lots), orders.Fill(seller, false, level, lots));
        _traders[buyer] = _traders[buyer] with { Usdc = _traders[buyer].Usdc - (buy.Ticks * lots), Yes = _traders[buyer].Yes + lots };
        _traders[seller] = _traders[seller] with { Usdc = _traders[seller].Usdc + (buy.Ticks * lots), Yes = _traders[seller].Yes - lots };
        return new SettledTrade(id, buy.Ticks, lots, buy, sell);
    }

    private async Task WriteLedgerAsync()
    {
        await using var connection = await stack.Database.OpenConnectionAsync();
        await using var import = await connection.BeginBinaryImportAsync(
            "COPY balances (account_id, market_id, outcome, owned, order_hold, trade_hold, updated_sequence) FROM STDIN (FORMAT BINARY)"
        );
        for (var i = 0; i < _traders.Count; i++)
        {
            foreach (
                var (marketId, outcome, owned) in new[]
                {
                    (0, (short)255, _traders[i].Usdc),
                    (MarketId, (short)0, _traders[i].Yes),
                    (MarketId, (short)1, _traders[i].No),
                }
            )
            {
                await import.StartRowAsync();
                await import.WriteAsync(i + 1);
                await import.WriteAsync(marketId);
                await import.WriteAsync(outcome, NpgsqlDbType.Smallint);
                await import.WriteAsync(owned);
                for (var zero = 0; zero < 3; zero++)
                    await import.WriteAsync(0L);
            }
        }

        await import.CompleteAsync();
    }

    private Task MineAsync() => stack.RequestAsync("evm_mine");

    private async Task SendAsync(params IReadOnlyList<(PrivateKey From, Address To, byte[] Data, long Gas)> calls)
    {
        if (!_nonces.ContainsKey(_operator.Address))
            _nonces[_operator.Address] = await stack.Client.GetTransactionCountAsync(_operator.Address, BlockRef.Pending);
        await stack.RequestAllAsync(calls.Select(c => Raw(Sign(c.From, c.To, c.Data, c.Gas))));
    }

    private static RpcRequest Raw(SignedTransaction transaction) => new("eth_sendRawTransaction", Hex.Encode(transaction.Raw));

    /// <summary>Only the operator has sent transactions before, to deploy contracts, so every other account begins at 0.</summary>
    private long NextNonce(Address sender)
    {
        var nonce = _nonces.GetValueOrDefault(sender);
        _nonces[sender] = nonce + 1;
        return nonce;
    }

    private SignedTransaction Sign(PrivateKey from, Address to, byte[] data, long gas) =>
        new Eip1559Transaction
        {
            ChainId = ReconcileStack.ChainId,
            Nonce = NextNonce(from.Address),
            To = to,
            GasLimit = gas,
            MaxFeePerGas = Fee,
            MaxPriorityFeePerGas = 1_000_000_000,
            Data = data,
        }.Sign(from);
}
