using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Invariants;
using Foresight.Matching.Reconciliation;
using Foresight.Matching.Tests.Settlement;
using Foresight.Matching.Tests.SettlementTerm;
using Foresight.Protocol;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Trust;

/// <summary>
/// From the acceptance of orders over the settlement role's silence to escape mode and back, on one running system. Its contracts let
/// orders live for seconds instead of a day, so the clocks of chain, database and node agree, as they would not after a jump of one.
/// For the same reason the chain is this class' own: others put the clock of the one they share forward.
/// </summary>
[Trait("Category", "Trust")]
public sealed class SilenceAndEscapeTests(ChainFixture fixture, ITestOutputHelper output) : IClassFixture<ChainFixture>, IAsyncLifetime
{
    /// <summary>The relayer takes orders for half of it after the last sign of life, which must suffice on a starved machine.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(24);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly BigInteger Ether = BigInteger.Pow(10, 18);

    private const int Lots = 100;
    private const int Fok = 3;

    private Venue _venue = null!;
    private SettlerNodes _nodes = null!;
    private MarketFactoryContract _factory = null!;
    private PrivateKey _alice = null!;
    private PrivateKey _bob = null!;

    private sealed record Signed(PlaceOrder Command, OrderMessage Message, byte[] Signature);

    public async Task InitializeAsync()
    {
        _venue = await Venue.CreateAsync(fixture, orderLife: Life);
        _factory = new MarketFactoryContract(_venue.Client, _venue.Deployment.Factory);
        _nodes = await SettlerNodes.CreateAsync(_venue, _ => fixture.Rpc.ToString());
        (_alice, _bob) = (await _venue.AddWalletAsync(), await _venue.AddWalletAsync());
        await _nodes.MineOnAsync();
        _nodes.Start("n1");
        await _nodes.KnowAsync(_alice, _bob);
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes.All)
            output.WriteLine($"{node.NodeId} said last:\n{node.Output}");
        await _nodes.DisposeAsync();
        await SetGasMoneyAsync(1_000 * Ether);
        await _venue.DisposeAsync();
    }

    [Fact]
    public async Task OrdersTakenJustBeforeTheSilence_AreDeadWhenEscapeBegins_AUserLeaves_AndTradingGoesOnAfterwards()
    {
        var sign = await FallSilentAsync();
        var guardedUntil = sign + (long)Life.TotalSeconds;

        // Each ends in its own way, and its owner believes that nothing of it can be filled any more.
        var resting = await TakenAsync(Sign(_alice, isBuy: true, 4_000, guardedUntil), "open");
        var endless = await TakenAsync(Sign(_alice, isBuy: true, 3_900, expiry: 0), "open");
        var cancelled = await TakenAsync(Sign(_alice, isBuy: true, 3_800, guardedUntil), "open");
        var killed = Sign(_alice, isBuy: true, 3_700, guardedUntil, Fok);
        Assert.Equal(ProblemCodes.WouldNotFill, (await _nodes.SendAsync(killed.Command)).Code);
        var (soldFirm, boughtFirm) = await TradedAsync(6_000, expiry: 0);
        var (soldSoft, boughtSoft) = await TradedAsync(6_100, guardedUntil);
        // Would be alive in escape mode, so it is not taken. Here its owner gives it to somebody else: this is her exit.
        var exit = Sign(_alice, isBuy: false, 4_500, guardedUntil + 3_600);
        Assert.Equal(ProblemCodes.ExpiryTooLate, (await _nodes.SendAsync(exit.Command)).Code);
        Assert.Equal(sign, (await _factory.LastSignOfLifeAsync()));

        var trades = await TradesAsync();
        var escape = EscapeBeginsAsync(sign, guardedUntil, exit);
        await BlockAtAsync(sign + ((long)Life.TotalSeconds / 2) + 1);
        Assert.Equal(ProblemCodes.SettlementSilent, (await _nodes.SendAsync(Sign(_bob, isBuy: false, 4_000, 0).Command)).Code);
        Assert.Equal([cancelled.Command.Hash], (await _nodes.SendAsync(CancelOf(cancelled))).Cancelled);
        Assert.Equal(trades, await TradesAsync());

        var first = await escape;
        foreach (var dead in new[] { resting, cancelled, killed, soldSoft, boughtSoft })
            Assert.Equal(SettlementFailure.OrderExpired, await RefusalAsync(dead, first));
        foreach (var dead in new[] { endless, soldFirm, boughtFirm })
            Assert.Equal(SettlementFailure.ExpiryRequired, await RefusalAsync(dead, first));
        await LeaveAsync(exit);

        await ReturnAsync(sign, exit);
        await GoOnTradingAsync();
        Assert.Equal("final", await StateAsync(boughtFirm));
        Assert.Equal("failed", await StateAsync(boughtSoft));
        await AssertLedgerIsTheChainsAsync();
    }

    /// <summary>The role's account cannot pay for gas: the node goes on, follows the chain, and cannot show that it lives.</summary>
    /// <returns>The last sign of life, which the leader knows as final.</returns>
    private async Task<long> FallSilentAsync()
    {
        await Eventually.TrueAsync(
            "orders are taken",
            Patience,
            async () => (await _nodes.SendAsync(Sign(_alice, isBuy: true, 1_000, 0).Command)).Status == ResultStatus.Accepted
        );
        var before = await _factory.LastSignOfLifeAsync();
        await Eventually.TrueAsync("another sign is shown", Patience, async () => await _factory.LastSignOfLifeAsync() > before);
        await _nodes.BetweenBlocksAsync(() => SetGasMoneyAsync(0));
        var sign = await _factory.LastSignOfLifeAsync();
        await Eventually.TrueAsync(
            "the last sign is final",
            Patience,
            async () => await _venue.ScalarAsync<long>("SELECT signed_at FROM order_life") == sign
        );
        return sign;
    }

    /// <summary>Looks at each block as it comes, because the node keeps the states of some dozen only.</summary>
    /// <returns>The first block at which others than the role fill orders.</returns>
    private async Task<long> EscapeBeginsAsync(long sign, long guardedUntil, Signed order)
    {
        var (begin, next) = (await _venue.Client.BlockNumberAsync(), await _venue.Client.BlockNumberAsync());
        var first = 0L;
        await Eventually.TrueAsync(
            "escape mode begins",
            Patience,
            async () =>
            {
                for (var head = await _venue.Client.BlockNumberAsync(); first == 0 && next <= head; next++)
                {
                    var isGuarded = await TimeAsync(next) <= guardedUntil;
                    Assert.Equal(isGuarded ? SettlementFailure.NotInEscape : null, await RefusalAsync(order, next));
                    first = isGuarded ? 0 : next;
                }

                return first != 0;
            }
        );
        output.WriteLine(
            $"Block {first}, {await TimeAsync(first) - sign} s after the last sign, is the first of {first - begin} in escape."
        );
        Assert.Equal(sign, await _factory.LastSignOfLifeAsync());
        return first;
    }

    /// <summary>Half by a signed order that a willing buyer fills, the rest without anybody's help.</summary>
    private async Task LeaveAsync(Signed exit)
    {
        var (shares, money) = (await SharesAsync(_alice), await MoneyAsync(_alice));
        await _venue.SendAsync(_bob, _venue.MarketAddress, Fill(exit, Lots / 2));
        Assert.Equal(shares - (Lots / 2), await SharesAsync(_alice));
        Assert.Equal(money + (4_500 * Lots / 2), await MoneyAsync(_alice));
        await _venue.SendAsync(_alice, _venue.MarketAddress, ContractArtifact.Market.Encode("mergeSet", Lots * OrderMessage.AmountPerLot));
        Assert.Equal(shares - (Lots / 2) - Lots, await SharesAsync(_alice));
    }

    private async Task ReturnAsync(long sign, Signed exit)
    {
        Assert.Equal(ProblemCodes.SettlementSilent, (await _nodes.SendAsync(Sign(_bob, isBuy: false, 4_000, 0).Command)).Code);
        await SetGasMoneyAsync(1_000 * Ether);
        await Eventually.TrueAsync("the role signs again", Patience, async () => await _factory.LastSignOfLifeAsync() > sign);
        Assert.Equal(SettlementFailure.NotInEscape, await RefusalAsync(exit, await _venue.Client.BlockNumberAsync()));
    }

    private async Task GoOnTradingAsync()
    {
        var ask = Sign(_bob, isBuy: false, 5_000, 0);
        await Eventually.TrueAsync(
            "orders are taken again",
            Patience,
            async () =>
            {
                var answer = await _nodes.SendAsync(ask.Command with { RequestId = Guid.NewGuid() });
                Assert.True(answer.Status == ResultStatus.Accepted || answer.Code == ProblemCodes.SettlementSilent, answer.ToString());
                return answer.Status == ResultStatus.Accepted;
            }
        );
        var bid = Sign(_alice, isBuy: true, 5_000, 0);
        Assert.Equal("filled", (await _nodes.SendAsync(bid.Command)).OrderStatus);
        await Eventually.TrueAsync("every trade is closed", Patience, async () => await OpenTradesAsync() == 0);
        Assert.Equal("final", await StateAsync(bid));
        await Eventually.TrueAsync(
            "what outlived its time is off the book",
            Patience,
            async () => await _venue.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status IN (0, 1)") == 0
        );
        Assert.Equal(0L, await _venue.ScalarAsync<long>("SELECT count(*) FROM strikes"));
    }

    private async Task AssertLedgerIsTheChainsAsync()
    {
        var checker = new BalanceChecker(_venue.Deployment, _venue.Database, new HoldingsReader(_venue.Deployment, _venue.Client));
        await Eventually.TrueAsync(
            "the ledger is the chain's",
            Patience,
            async () =>
                await checker.CheckAsync(TimeProvider.System, CancellationToken.None) is { Findings.Count: 0, Ahead.Count: 0 } check
                && check.Totals.Ledger == check.Totals.Chain
                && check.Totals.Holdings > 0
        );
        var journal = new InvariantChecker(_venue.Database);
        await journal.CheckAsync(CancellationToken.None);
        Assert.True(journal.Holds, string.Join('\n', journal.Violations));
    }

    private Signed Sign(PrivateKey maker, bool isBuy, int ticks, long expiry, int timeInForce = 0)
    {
        var salt = new BigInteger(Guid.NewGuid().ToByteArray(), isUnsigned: true);
        var message = OrderMessage.OfUnits(maker.Address, 0, isBuy, ticks, Lots, salt, expiry);
        var domain = TypedDataDomain.OfMarket(_venue.Deployment.ChainId, _venue.MarketAddress);
        var signature = OrderSigning.Sign(domain, message, maker);
        var command = new PlaceOrder
        {
            RequestId = Guid.NewGuid(),
            Deadline = Traders.Deadline,
            Hash = OrderSigning.OrderHash(domain, message).ToString(),
            Maker = maker.Address.ToLowerHex(),
            MarketId = Venue.Market,
            Outcome = 0,
            IsBuy = isBuy,
            PriceTicks = ticks,
            Lots = Lots,
            Salt = salt.ToString(),
            ExpirySeconds = expiry,
            Signature = Hex.Encode(signature),
            TimeInForce = timeInForce,
        };
        return new Signed(command, message, signature);
    }

    private async Task<Signed> TakenAsync(Signed order, string status)
    {
        var answer = await _nodes.SendAsync(order.Command);
        Assert.True(answer.Status == ResultStatus.Accepted && answer.OrderStatus == status, $"{order.Command.PriceTicks}: {answer}");
        return order;
    }

    /// <summary>Matched in the silence, so that it is not settled yet.</summary>
    private async Task<(Signed Sold, Signed Bought)> TradedAsync(int ticks, long expiry) =>
        (
            await TakenAsync(Sign(_bob, isBuy: false, ticks, expiry), "open"),
            await TakenAsync(Sign(_alice, isBuy: true, ticks, expiry), "filled")
        );

    private CancelBySalt CancelOf(Signed order)
    {
        var domain = TypedDataDomain.OfMarket(_venue.Deployment.ChainId, _venue.MarketAddress);
        var signature = OrderSigning.Sign(domain, new CancelSaltMessage(_alice.Address, order.Message.Salt), _alice);
        return Traders.CancelBySalt(order.Command.Maker, Venue.Market, order.Command.Salt) with { Signature = Hex.Encode(signature) };
    }

    /// <summary>Asked of the block itself, because a node calls "latest" with the time of a block that would come next.</summary>
    private async Task<string?> RefusalAsync(Signed order, long block)
    {
        var taker = order.Command.Maker == _alice.Address.ToLowerHex() ? _bob : _alice;
        var call = new CallRequest(_venue.MarketAddress, Fill(order, Lots / 2), taker.Address);
        var result = (await _venue.Client.CallManyAsync([call], block))[0];
        return result.Revert is { } revert ? SettlementFailure.Decode(revert.RevertData).Code : null;
    }

    private static byte[] Fill(Signed order, long lots) =>
        MarketContract.FillOrderSigned(order.Message, order.Signature, lots * OrderMessage.AmountPerLot);

    private Task BlockAtAsync(long time) =>
        Eventually.TrueAsync(
            $"the chain's clock is at {time}",
            Patience,
            async () => await TimeAsync(await _venue.Client.BlockNumberAsync()) >= time
        );

    private async Task<long> TimeAsync(long block) => (await _venue.Client.GetBlockAsync(block))!.Timestamp;

    private Task SetGasMoneyAsync(BigInteger wei) =>
        fixture.RequestAsync("anvil_setBalance", _venue.Operator.Key.Address.ToLowerHex(), Hex.EncodeQuantity(wei));

    private Task<long> TradesAsync() => _venue.ScalarAsync<long>("SELECT count(*) FROM trades");

    private Task<long> OpenTradesAsync() =>
        _venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE NOT closed OR settlement NOT IN ('final', 'failed')");

    private Task<string> StateAsync(Signed order) =>
        _venue.ScalarAsync<string>(
            "SELECT settlement FROM trades JOIN fills USING (trade_id) JOIN orders USING (order_id) WHERE order_hash = $1",
            Hex.Decode(order.Command.Hash)
        );

    private async Task<BigInteger> SharesAsync(PrivateKey owner) =>
        await new OutcomeTokenContract(_venue.Client, _venue.Deployment.OutcomeToken).BalanceOfAsync(
            owner.Address,
            OutcomeTokenContract.IdOf(_venue.MarketAddress, 0)
        ) / OrderMessage.AmountPerLot;

    private Task<BigInteger> MoneyAsync(PrivateKey owner) =>
        new UsdcContract(_venue.Client, _venue.Deployment.Usdc).BalanceOfAsync(owner.Address);
}
