using System.Globalization;
using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Foresight.Matching.Settlement;
using Nethereum.Model;
using Npgsql;

namespace Foresight.Matching.Tests.Settlement;

/// <summary>
/// A transaction that no node takes blocks every later one of its account, so no caller may be able to make settlement sign one.
/// </summary>
[Trait("Category", "Trust")]
[Collection(ChainCollection.Name)]
public sealed class RefusedBatchTests(ChainFixture fixture)
{
    private const int Ticks = 5_000;
    private const int Lots = 100;

    /// <summary>As geth has it (txMaxSize).</summary>
    private const int MostBytes = 128 * 1024;

    private static readonly SettlementOptions Options = new() { BatchAge = TimeSpan.Zero, Confirmations = 2 };

    /// <summary>The gas of 17 such trades is that of one batch, and their bytes are 156 kB.</summary>
    [Fact]
    public async Task WalletsThatAcceptAnything_WithTheLongestSignatures_MakeNoTransactionThatIsTooLong()
    {
        await using var live = await LiveVenue.CreateAsync(fixture);
        var (buyer, seller) = (await live.AddContractWalletAsync(), await live.AddContractWalletAsync());
        await live.SendAsync(seller, live.Venue.MarketAddress, MarketContract.MintSet(100 * BigInteger.Pow(10, 18)));
        foreach (var wallet in new[] { buyer, seller })
            await live.Venue.SendAsync(wallet.Key, wallet.Account, ContractArtifact.TestWallet.Encode("setMode", 5));
        await live.ConfirmAsync();
        var trades = new List<long>();
        for (var i = 0; i < 17; i++)
        {
            await live.PlaceAsync(Longest(live.Sign(buyer, isBuy: true, Ticks, Lots)));
            trades.Add((await live.PlaceAsync(Longest(live.Sign(seller, isBuy: false, Ticks, Lots)))).TradeId);
        }

        var node = new RefusingTransport(fixture.Transport, raw => raw.Length > MostBytes ? "oversized data" : null);
        var submitter = live.Venue.NewSubmitter(node);
        for (var look = 0; look < 8; look++)
        {
            await live.Venue.StepAsync(submitter);
            await live.MineAsync();
        }

        Assert.Equal(0, node.Refused);
        foreach (var trade in trades)
            Assert.Equal(("final", 1), ((await live.Venue.StateOfAsync(trade)).State, await live.Venue.TimesSettledAsync(trade)));
        Assert.InRange(
            await live.Venue.ScalarAsync<int>("SELECT max(length(raw_tx)) FROM settlement_batches"),
            live.Venue.Options.BatchBytes / 2,
            live.Venue.Options.BatchBytes
        );

        static SignedOrder Longest(SignedOrder order) => order with { Signature = new byte[OrderSigning.MaxSignatureBytes] };
    }

    /// <summary>A match of eight contract wallets is the longest, and no setting may make it wait for ever.</summary>
    [Fact]
    public void TheLongestMatch_FitsIntoTheSmallestTransaction()
    {
        var order = OrderMessage.OfUnits(Address.Zero, 7, true, 9_999, 1_000_000_000_000, Word.MaxUInt256, long.MaxValue);
        var leg = new MarketLeg(order, new byte[OrderSigning.MaxSignatureBytes], order.Amount, order.Price);
        var transaction = new Eip1559Transaction
        {
            ChainId = long.MaxValue,
            Nonce = long.MaxValue,
            To = Address.Zero,
            GasLimit = GasRules.TransactionLimit,
            MaxFeePerGas = 1_000_000 * SettlementOptions.Gwei,
            MaxPriorityFeePerGas = 1_000_000 * SettlementOptions.Gwei,
            Data = MarketContract.Settle([new MarketMatch(long.MaxValue, [.. Enumerable.Repeat(leg, 8)])]),
        };
        var raw = transaction.Sign(PrivateKey.Random()).Raw;
        Assert.InRange(raw.Length, 1, SettlementOptions.MinBatchBytes);
        Assert.Equal([long.MaxValue], BatchSigner.TradeIdsOf(raw));
    }

    [Theory]
    [InlineData(120, 3)]
    [InlineData(119, 2)]
    [InlineData(40, 1)]
    [InlineData(1, 1)]
    public void FittingLength_TakesAsManyAsStayBelow_AndAtLeastOne(int most, int expected) =>
        Assert.Equal(expected, BatchRules.FittingLength([40, 40, 40], most));

    [Fact]
    public async Task WhatANodeRefusesForItsLength_IsHalved_AndWhatItLeavesOutSettlesLater()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        var trades = await TradesAsync(venue, 8);
        var node = new RefusingTransport(fixture.Transport, raw => raw.Length > 3_000 ? "oversized data" : null);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter(node);

        await LookAsync(venue, submitter, 2);
        Assert.Equal(["signed 8"], await BatchesAsync(venue));
        Assert.Contains("oversized data", submitter.Trouble, StringComparison.Ordinal);

        await LookAsync(venue, submitter, 40);
        foreach (var trade in trades)
            Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal(["replaced 8", "replaced 4", "final 2"], (await BatchesAsync(venue)).Take(3));
        Assert.Empty(venue.Leader.Bust);
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM strikes"));
        await NoNonceTwiceAsync(venue);
    }

    [Fact]
    public async Task WhatNoNodeTakesAtAll_LeavesItsNonceToASignOfLife_AndOtherMarketsGoOn()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        var isPicky = true;
        var node = new RefusingTransport(
            fixture.Transport,
            raw => isPicky && BatchSigner.TradeIdsOf(raw).Contains(trade) ? "something else" : null
        );
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter(node);
        await venue.StepAsync(submitter);
        await LookAsync(venue, submitter, RefusedRules.BlocksUntilItStands + 1);
        await venue.StepAsync(submitter);
        Assert.Equal(["replaced 1", "broadcast 0"], (await BatchesAsync(venue)).Take(2));
        // Not matched: as long as the nonce is open, the first bytes may settle it.
        Assert.Equal("broadcast", (await venue.StateOfAsync(trade)).State);
        await fixture.MineAsync();
        await venue.StepAsync(submitter);
        Assert.Equal(("broadcast", FailureReasons.LeftOut), await venue.StateOfAsync(trade));

        var other = await venue.TradeAsync(alice, bob);
        await LookAsync(venue, submitter, 3 * RefusedRules.BlocksUntilItStands + 6);
        Assert.Equal("final", (await venue.StateOfAsync(other)).State);
        Assert.NotEqual("failed", (await venue.StateOfAsync(trade)).State);

        isPicky = false;
        await LookAsync(venue, submitter, 20);
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        await NoNonceTwiceAsync(venue);
    }

    /// <summary>As geth's rpc.txfeecap, of fee times gas.</summary>
    [Fact]
    public async Task WhatMayCostTooMuch_IsSignedForLess_WhenFeesHaveFallen()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        var trades = await TradesAsync(venue, 4);
        await fixture.AutomineAsync(false);
        await BaseFeeAsync(100);
        var node = new RefusingTransport(fixture.Transport, raw => CostOf(raw) > Ether / 50 ? "tx fee exceeds the configured cap" : null);
        var submitter = venue.NewSubmitter(node);
        await venue.StepAsync(submitter);
        Assert.Equal(["signed 4"], await BatchesAsync(venue));

        for (var block = 0; block < RefusedRules.BlocksUntilItStands; block++)
        {
            await BaseFeeAsync(1);
            await venue.StepAsync(submitter);
        }

        await LookAsync(venue, submitter, 6);
        Assert.Equal(["replaced 4", "final 4"], await BatchesAsync(venue));
        foreach (var trade in trades)
            Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
    }

    [Fact]
    public async Task WhatMayCostTooMuch_HasFewerTrades_WhileFeesStayHigh()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        var trades = await TradesAsync(venue, 8);
        await fixture.AutomineAsync(false);
        await BaseFeeAsync(100);
        // Of one trade alone: (1.06 + 0.15) million gas, at 201 Gwei.
        var node = new RefusingTransport(
            fixture.Transport,
            raw => CostOf(raw) > Ether * 3 / 10 ? "tx fee exceeds the configured cap" : null
        );
        var submitter = venue.NewSubmitter(node);
        for (var block = 0; block < 60; block++)
        {
            await venue.StepAsync(submitter);
            await BaseFeeAsync(100);
        }

        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        foreach (var trade in trades)
            Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.True(node.Refused > 0);
        await NoNonceTwiceAsync(venue);
    }

    /// <summary>
    /// A node may keep what it reports as refused. A trade that is left out and would fail now is therefore not failed while the nonce is
    /// open.
    /// </summary>
    [Fact]
    public async Task IfTheRefusedBytesAreMinedAfterAll_EveryTradeIsSettledByThem_AndNoneFails()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trades = new List<long>();
        for (var i = 0; i < 4; i++)
            trades.Add(await venue.TradeAsync(alice, bob));
        var node = new RefusingTransport(fixture.Transport, raw => BatchSigner.TradeIdsOf(raw).Count > 2 ? "no" : null);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter(node);
        await venue.StepAsync(submitter);
        var first = await venue.ScalarAsync<byte[]>("SELECT raw_tx FROM settlement_batches");
        await LookAsync(venue, submitter, RefusedRules.BlocksUntilItStands + 1);
        Assert.Equal(["replaced 4", "signed 2"], await BatchesAsync(venue));
        await venue.StepAsync(submitter);
        Assert.Equal(["replaced 4", "broadcast 2"], await BatchesAsync(venue));

        await ApproveAsync(venue, alice, 0);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        await ApproveAsync(venue, alice, Word.MaxUInt256);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await venue.Client.SendRawTransactionAsync(first);
        await LookAsync(venue, submitter, 6);
        foreach (var trade in trades)
            Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal(["final 4", "replaced 2"], await BatchesAsync(venue));
        Assert.Empty(venue.Leader.Bust);
    }

    [Fact]
    public async Task ASmallerOneThatRevertsAsAWhole_FailsOnlyTheTradeThatWasInIt()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        var trades = await TradesAsync(venue, 2);
        var node = new RefusingTransport(fixture.Transport, raw => BatchSigner.TradeIdsOf(raw).Count > 1 ? "no" : null);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter(node);
        await venue.StepAsync(submitter);
        await LookAsync(venue, submitter, RefusedRules.BlocksUntilItStands + 1);
        await venue.StepAsync(submitter);
        Assert.Equal(["replaced 2", "broadcast 1"], await BatchesAsync(venue));

        // As if the block had left too little gas, which no receipt explains.
        await venue.ExecuteAsync("UPDATE settlement_batches SET state = 'mined', error = 'reverted', block_number = 0 WHERE trades = 1");
        await venue.ExecuteAsync(
            "UPDATE settlement_batches SET block_hash = $1 WHERE trades = 1",
            (await venue.Client.GetBlockAsync(0))!.Hash.ToBytes()
        );
        await venue.StepAsync(submitter);
        Assert.Equal(("failed", "reverted"), await venue.StateOfAsync(trades[0]));
        Assert.NotEqual("failed", (await venue.StateOfAsync(trades[1])).State);
    }

    [Fact]
    public async Task WhatOnlyOneEndpointRefuses_IsSentToAnother_AndNotReplaced()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        var trade = (await TradesAsync(venue, 1))[0];
        var picky = new RefusingTransport(fixture.Transport, _ => "tx fee exceeds the configured cap", knowsNone: true);
        var several = new FailoverClient(venue.Deployment.ChainId, [("rpc-1", picky), ("rpc-2", fixture.Transport)]);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter(several);
        await venue.StepAsync(submitter);
        Assert.Equal(["signed 1"], await BatchesAsync(venue));
        await venue.StepAsync(submitter);
        Assert.Equal(["broadcast 1"], await BatchesAsync(venue));
        // Known to the other one, so it is not offered to the first at every look.
        var offered = picky.Refused;
        Assert.False(await submitter.StepAsync(await venue.Client.BlockNumberAsync(), CancellationToken.None));
        Assert.Equal(offered, picky.Refused);

        await LookAsync(venue, submitter, 5);
        Assert.Equal(["final 1"], await BatchesAsync(venue));
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
    }

    [Fact]
    public async Task ANodeThatRefusesForABlock_CausesNoReplacement()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        await TradesAsync(venue, 2);
        var isFull = true;
        var node = new RefusingTransport(fixture.Transport, _ => isFull ? "txpool is full" : null);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter(node);
        for (var look = 0; look < 20; look++)
            await venue.StepAsync(submitter);
        await LookAsync(venue, submitter, RefusedRules.BlocksUntilItStands - 1);
        isFull = false;
        await LookAsync(venue, submitter, 5);
        Assert.Equal(["final 2"], await BatchesAsync(venue));
    }

    /// <summary>With money the same bytes are taken, and a smaller one would only cost the trades their place.</summary>
    [Fact]
    public async Task WithoutGasMoney_TheBytesStay()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        await TradesAsync(venue, 2);
        var isPoor = true;
        var node = new RefusingTransport(fixture.Transport, _ => isPoor ? "insufficient funds for gas * price + value" : null);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter(node);
        await LookAsync(venue, submitter, 10);
        isPoor = false;
        await LookAsync(venue, submitter, 5);
        Assert.Equal(["final 2"], await BatchesAsync(venue));
    }

    [Fact]
    public async Task ARefusedOneThatAnOperatorBumps_IsReplacedAtOnce()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        await TradesAsync(venue, 2);
        var node = new RefusingTransport(fixture.Transport, raw => BatchSigner.TradeIdsOf(raw).Count > 1 ? "no" : null);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter(node);
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        Assert.Equal(["signed 2"], await BatchesAsync(venue));
        await venue.ExecuteAsync(
            """
            INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations, bumped_batch)
            SELECT 'n', 1, 1, 1, 1, batch_id FROM settlement_batches
            """
        );
        await venue.StepAsync(submitter);
        Assert.Equal(["replaced 2", "signed 1"], await BatchesAsync(venue));
    }

    [Fact]
    public async Task AHolderThatWasReplaced_ReplacesNothing_AndTheNextOneGoesOn()
    {
        await using var venue = await Venue.CreateAsync(fixture, Options);
        var trades = await TradesAsync(venue, 2);
        var node = new RefusingTransport(fixture.Transport, raw => BatchSigner.TradeIdsOf(raw).Count > 1 ? "no" : null);
        await fixture.AutomineAsync(false);
        var old = venue.NewSubmitter(node);
        await venue.StepAsync(old);
        await LookAsync(venue, old, RefusedRules.BlocksUntilItStands - 1);
        await venue.TakeTermAsync();
        await fixture.MineAsync(5);
        Assert.Equal("FS001", (await Assert.ThrowsAsync<PostgresException>(() => venue.StepAsync(old))).SqlState);
        Assert.Equal(["signed 2"], await BatchesAsync(venue));

        await LookAsync(venue, venue.NewSubmitter(node), 20);
        foreach (var trade in trades)
            Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        await NoNonceTwiceAsync(venue);
    }

    private static BigInteger Ether => BigInteger.Pow(10, 18);

    private static BigInteger CostOf(byte[] raw)
    {
        var transaction = (Transaction1559)TransactionFactory.CreateTransaction(raw);
        return (BigInteger)(transaction.GasLimit! * transaction.MaxFeePerGas!);
    }

    private static async Task<List<long>> TradesAsync(Venue venue, int count)
    {
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trades = new List<long>();
        for (var i = 0; i < count; i++)
            trades.Add(await venue.TradeAsync(alice, bob));
        return trades;
    }

    /// <summary>Mined alone: a look may have sent the batch again.</summary>
    private async Task ApproveAsync(Venue venue, TestTrader trader, BigInteger amount)
    {
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await venue.Client.SendTransactionAsync(
            new Eip1559Transaction
            {
                ChainId = venue.Deployment.ChainId,
                Nonce = await venue.Client.GetTransactionCountAsync(trader.Address, BlockRef.Latest),
                To = venue.Deployment.Usdc,
                GasLimit = 200_000,
                MaxFeePerGas = 100 * SettlementOptions.Gwei,
                MaxPriorityFeePerGas = SettlementOptions.Gwei,
                Data = UsdcContract.Approve(venue.Deployment.Factory, amount),
            }.Sign(trader.Key)
        );
        await fixture.MineAsync();
    }

    private async Task LookAsync(Venue venue, Submitter submitter, int blocks)
    {
        for (var block = 0; block < blocks; block++)
        {
            await fixture.MineAsync();
            await venue.StepAsync(submitter);
            await venue.FollowAsync();
        }
    }

    private async Task BaseFeeAsync(int gwei)
    {
        await fixture.RequestAsync("anvil_setNextBlockBaseFeePerGas", Hex.EncodeQuantity(gwei * SettlementOptions.Gwei));
        await fixture.MineAsync();
    }

    private static async Task<string[]> BatchesAsync(Venue venue) =>
        await venue.ScalarAsync<string[]>("SELECT array_agg(state || ' ' || trades ORDER BY batch_id) FROM settlement_batches");

    private static async Task NoNonceTwiceAsync(Venue venue) =>
        Assert.Equal(
            0L,
            await venue.ScalarAsync<long>(
                "SELECT count(*) FROM (SELECT 1 FROM settlement_batches WHERE state <> 'replaced' GROUP BY nonce HAVING count(*) > 1) twice"
            )
        );
}

/// <summary>Answers as a node that refuses some transactions; it neither keeps nor passes on what it refuses.</summary>
/// <param name="refusal">Null for a transaction that it takes.</param>
/// <param name="knowsNone">It knows no transaction that waits, as a node to which they do not spread.</param>
internal sealed class RefusingTransport(NodeClient inner, Func<byte[], string?> refusal, bool knowsNone = false) : NodeClient
{
    public int Refused { get; private set; }

    public override async Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken)
    {
        if (requests is [{ Method: "eth_sendRawTransaction" } send] && refusal(Hex.Decode((string)send.Parameters[0]!)) is { } message)
        {
            Refused++;
            return [new RpcReply(send.Method, default, new RpcException(send.Method, -32000, message))];
        }

        if (knowsNone && requests is [{ Method: "eth_getTransactionByHash" } look])
            return [new RpcReply(look.Method, System.Text.Json.JsonSerializer.SerializeToElement<object?>(null), null)];
        return await inner.SendAsync(requests, cancellationToken);
    }
}
