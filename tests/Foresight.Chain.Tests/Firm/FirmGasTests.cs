using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;
using Xunit.Abstractions;

namespace Foresight.Chain.Tests.Firm;

/// <summary>
/// The same matches of the same accounts, by purses and by wallets, beside each other. The accounts have traded before, by both, because
/// first uses of storage slots cost more.
/// </summary>
[Trait("Category", "Firm")]
public sealed class FirmGasTests(FirmFixture fixture, ITestOutputHelper output) : FirmScenario(fixture)
{
    [Theory]
    [InlineData(SettlementKind.Direct, 2, 1)]
    [InlineData(SettlementKind.Direct, 2, 20)]
    [InlineData(SettlementKind.Mint, 2, 1)]
    [InlineData(SettlementKind.Mint, 2, 20)]
    [InlineData(SettlementKind.Merge, 2, 1)]
    [InlineData(SettlementKind.Merge, 2, 20)]
    [InlineData(SettlementKind.Mint, 3, 1)]
    [InlineData(SettlementKind.Mint, 3, 20)]
    [InlineData(SettlementKind.Merge, 8, 1)]
    [InlineData(SettlementKind.Merge, 8, 10)]
    public async Task AFirmMatch_CostsNoMoreThanASoftOne(SettlementKind kind, int outcomes, int matches)
    {
        var market = await Venue.MarketAsync(outcomes);
        var traders = new PrivateKey[2];
        for (var i = 0; i < 2; i++)
        {
            traders[i] = await SellerAsync($"gas {kind} {outcomes} {matches} {i}", market, 10_000, inVault: 500);
            await Chain.ExecuteAsync(Venue.Admin, Venue.Usdc.Address, UsdcContract.Mint(traders[i].Address, Exchange.Micros(1_000)));
            await Venue.MintSetAsync(market, traders[i], 10_000);
        }

        MarketMatch Next(bool ofVault)
        {
            MarketLeg Leg(PrivateKey maker, int outcome, bool isBuy, int ticks) =>
                Venue.Leg(market, maker, outcome, isBuy, ticks, 100) with
                {
                    OfVault = ofVault,
                };
            return kind == SettlementKind.Direct
                ? Venue.Match(Leg(traders[0], 0, true, 5_000), Leg(traders[1], 0, false, 5_000))
                : Venue.Match([
                    .. Enumerable
                        .Range(0, outcomes)
                        .Select(k =>
                            Leg(
                                traders[k % 2],
                                k,
                                kind == SettlementKind.Mint,
                                k == outcomes - 1 ? 10_000 - ((outcomes - 1) * 1_000) : 1_000
                            )
                        ),
                ]);
        }

        async Task<long> GasAsync(bool ofVault)
        {
            await Venue.SettleAsync(market, Next(ofVault));
            var (events, receipt) = await Venue.SettleAsync(market, [.. Enumerable.Range(0, matches).Select(_ => Next(ofVault))]);
            Assert.Equal(matches, events.OfType<MarketEvent.TradeSettled>().Count());
            return receipt.GasUsed / matches;
        }

        var (soft, firm) = (await GasAsync(false), await GasAsync(true));
        output.WriteLine($"{kind} of {outcomes} outcomes, {matches} in a batch: soft {soft}, firm {firm} gas per match");
        Assert.True(firm <= soft, $"firm {firm}, soft {soft}");
    }

    [Fact]
    public async Task WaysInAndOut_AreFarBelowTheirBounds()
    {
        var market = await Venue.MarketAsync(2);
        var owner = await TraderAsync("gas of ways", 10, inWallet: 100);
        await Venue.MintSetAsync(market, owner, 1_000);
        var id = Share(market, 0);
        await DepositSharesAsync(owner, market, 0, 100);

        async Task<long> UsedAsync(string what, Task<TransactionReceipt> sent)
        {
            var receipt = await sent;
            Assert.True(receipt.Succeeded, what);
            output.WriteLine($"{what}: {receipt.GasUsed} gas");
            return receipt.GasUsed;
        }

        Task<long> CallAsync(string what, byte[] call) => UsedAsync(what, SendAtAsync(owner, call));
        byte[] Now(BigInteger asset, BigInteger amount, int nonce)
        {
            var message = new WithdrawalMessage(owner.Address, asset, amount, nonce, Word.MaxUInt256);
            var domain = WithdrawalMessage.DomainOf(AnvilChain.ChainId, Vault.Address);
            return VaultContract.WithdrawNow(message, owner.Address, Venue.Operator.Sign(domain.Digest(message.StructHash())));
        }

        var transfer = TransferShares(owner.Address, id, Amount(100));
        var most = new[]
        {
            await CallAsync("deposit of USDC", VaultContract.Deposit(Exchange.Micros(10))),
            await UsedAsync("deposit of shares", Chain.SendAsync(owner, Venue.Shares.Address, transfer, 2_000_000)),
            await CallAsync("request, the first", VaultContract.RequestWithdrawal(Usdc, Exchange.Micros(5))),
            await CallAsync("request, a later one", VaultContract.RequestWithdrawal(Usdc, Exchange.Micros(5))),
            await CallAsync("cancel", VaultContract.CancelWithdrawal(Usdc)),
            await CallAsync("at once with a co-signature, USDC", Now(Usdc, Exchange.Micros(1), 1)),
            await CallAsync("at once with a co-signature, shares", Now(id, Amount(10), 2)),
        }.Max();
        await ExecuteAsync(owner, VaultContract.RequestWithdrawal(Usdc, Exchange.Micros(5)));
        await ExecuteAsync(owner, VaultContract.RequestWithdrawal(id, Amount(50)));
        await PassDelayAsync();
        most = Math.Max(most, await CallAsync("finish, USDC", VaultContract.Finish(Usdc, owner.Address)));
        most = Math.Max(most, await CallAsync("finish, shares", VaultContract.Finish(id, owner.Address)));
        await Chain.ExecuteAsync(Venue.Resolver, market.Address, MarketContract.Resolve(0));
        await PassDelayAsync();
        most = Math.Max(most, await CallAsync("redeemFor, the first after a decision", VaultContract.RedeemFor(owner.Address, id)));
        Assert.InRange(most, 0, 250_000);
    }
}
