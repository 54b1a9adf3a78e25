using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Firm;

public abstract class FirmScenario(FirmFixture fixture) : IClassFixture<FirmFixture>
{
    private static readonly ContractArtifact[] Artifacts =
    [
        ContractArtifact.Vault,
        ContractArtifact.Market,
        ContractArtifact.MarketFactory,
        ContractArtifact.OutcomeToken,
        ContractArtifact.MockUsdc,
    ];

    protected static WithdrawalDelay Delay => FirmFixture.Delay;
    protected static BigInteger Usdc => VaultContract.Usdc;
    protected Exchange Venue => fixture.Exchange;
    protected AnvilChain Chain => fixture.Exchange.Chain;
    protected VaultContract Vault => fixture.Vault;

    protected static BigInteger Amount(long lots) => lots * OrderMessage.AmountPerLot;

    protected static BigInteger Share(MarketContract market, int outcome) => OutcomeTokenContract.IdOf(market.Address, outcome);

    /// <summary>Has approved the factory, for trades of the wallet, and the vault, for deposits.</summary>
    protected async Task<PrivateKey> TraderAsync(string name, decimal inVault, decimal inWallet = 0)
    {
        var key = await Venue.TraderAsync(name, inVault + inWallet);
        await Chain.ExecuteAsync(key, Venue.Usdc.Address, UsdcContract.Approve(Vault.Address, Word.MaxUInt256));
        if (inVault > 0)
            await Chain.ExecuteAsync(key, Vault.Address, VaultContract.Deposit(Exchange.Micros(inVault)));
        return key;
    }

    /// <summary>Lots of every outcome, in the vault.</summary>
    protected async Task<PrivateKey> SellerAsync(string name, MarketContract market, long lots, decimal inVault = 0)
    {
        var key = await TraderAsync(name, inVault, inWallet: lots / 100m);
        await Venue.MintSetAsync(market, key, lots);
        var outcomes = await market.OutcomesAsync();
        for (var k = 0; k < outcomes; k++)
            await DepositSharesAsync(key, market, k, lots);
        return key;
    }

    protected Task DepositSharesAsync(PrivateKey key, MarketContract market, int outcome, long lots, Address? account = null) =>
        Chain.ExecuteAsync(key, Venue.Shares.Address, TransferShares(key.Address, Share(market, outcome), Amount(lots), account));

    protected byte[] TransferShares(Address from, BigInteger id, BigInteger amount, Address? account = null) =>
        ContractArtifact.OutcomeToken.Encode(
            "safeTransferFrom",
            from,
            Vault.Address,
            id,
            amount,
            account is { } named ? Word.ToBytes(new BigInteger(named.ToBytes(), isUnsigned: true, isBigEndian: true)) : []
        );

    protected Task ExecuteAsync(PrivateKey key, byte[] call) => Chain.ExecuteAsync(key, Vault.Address, call);

    /// <summary>In a block of its own, at a given time; with gas enough for all that it may do.</summary>
    protected async Task<TransactionReceipt> SendAtAsync(PrivateKey key, byte[] call, long? unixSeconds = null)
    {
        if (unixSeconds is { } at)
            await Chain.RequestAsync("evm_setNextBlockTimestamp", at);
        return await Chain.SendAsync(key, Vault.Address, call, 2_000_000);
    }

    protected async Task PassDelayAsync()
    {
        await Chain.MineAsync((int)Delay.Blocks);
        await Venue.MineAtAsync(await Venue.NowAsync() + Delay.Seconds);
    }

    protected async Task<(decimal Free, decimal Leaving)> MoneyAsync(Address account)
    {
        var purse = await Vault.PurseAsync(account, Usdc);
        return ((decimal)purse.Free / 1_000_000m, (decimal)purse.Leaving / 1_000_000m);
    }

    protected async Task<(long Free, long Leaving)> LotsAsync(MarketContract market, int outcome, Address account)
    {
        var purse = await Vault.PurseAsync(account, Share(market, outcome));
        return ((long)(purse.Free / OrderMessage.AmountPerLot), (long)(purse.Leaving / OrderMessage.AmountPerLot));
    }

    protected async Task<decimal> WalletAsync(Address account) => (decimal)await Venue.MicrosOfAsync(account) / 1_000_000m;

    /// <returns>Name of the error; null if the call would be done.</returns>
    protected Task<string?> RefusalAsync(PrivateKey caller, byte[] call, Address? to = null) => RefusalAsync(caller.Address, call, to);

    protected async Task<string?> RefusalAsync(Address caller, byte[] call, Address? to = null)
    {
        try
        {
            await Chain.Client.CallAsync(new CallRequest(to ?? Vault.Address, call, caller));
            return null;
        }
        catch (RpcException e) when (e.IsRevert)
        {
            return Artifacts
                    .SelectMany(a => a.Abi.Errors)
                    .Select(error => new AbiError(error))
                    .FirstOrDefault(error => e.RevertData is not null && error.Matches(e.RevertData))
                    ?.Signature.Split('(')[0]
                ?? RevertReason.Text(e.RevertData);
        }
    }

    protected MarketLeg Buy(
        MarketContract market,
        PrivateKey maker,
        int outcome = 0,
        int ticks = 5_000,
        long lots = 100,
        long expiry = 0
    ) => Venue.Leg(market, maker, outcome, isBuy: true, ticks, lots, expiry: expiry) with { OfVault = true };

    protected MarketLeg Sell(
        MarketContract market,
        PrivateKey maker,
        int outcome = 0,
        int ticks = 5_000,
        long lots = 100,
        long expiry = 0
    ) => Venue.Leg(market, maker, outcome, isBuy: false, ticks, lots, expiry: expiry) with { OfVault = true };

    protected static MarketLeg OfWallet(MarketLeg leg) => leg with { OfVault = false };

    protected async Task SettlesAsync(MarketContract market, params MarketLeg[] legs)
    {
        var (events, _) = await Venue.SettleAsync(market, Venue.Match(legs));
        var failed = events.OfType<MarketEvent.SettlementFailed>().Select(e => SettlementFailure.Decode(e.Reason).Text);
        Assert.Empty(failed);
        Assert.Single(events.OfType<MarketEvent.TradeSettled>());
    }

    protected async Task<SettlementFailure> FailsAsync(MarketContract market, params MarketLeg[] legs)
    {
        var (events, _) = await Venue.SettleAsync(market, Venue.Match(legs));
        Assert.Empty(events.OfType<MarketEvent.TradeSettled>());
        return SettlementFailure.Decode(Assert.Single(events.OfType<MarketEvent.SettlementFailed>()).Reason);
    }

    /// <summary>
    /// With the sets inside, the vault holds the shares of all purses. The accounts must be all that have shares of this market in it.
    /// </summary>
    protected async Task AssertHoldsSharesAsync(MarketContract market, params IReadOnlyList<Address> accounts)
    {
        var sets = await Vault.SetsAsync(market.Address);
        for (var k = 0; k < await market.OutcomesAsync(); k++)
        {
            BigInteger owed = 0;
            foreach (var account in accounts)
            {
                var purse = await Vault.PurseAsync(account, Share(market, k));
                owed += purse.Free + purse.Leaving;
            }

            Assert.Equal(owed, sets + await Venue.Shares.BalanceOfAsync(Vault.Address, Share(market, k)));
        }
    }
}
