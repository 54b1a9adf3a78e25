using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Firm;

/// <summary>Contract wallets trade from the vault by a key that they registered there (docs/firm-money.md, K1 to K3).</summary>
[Trait("Category", "Firm")]
public sealed class SigningKeyTests(ChainFixture fixture) : IClassFixture<ChainFixture>, IAsyncLifetime
{
    private const int Ticks = 5_000;
    private const long Lots = 1_000;
    private const int BurnsAllGas = 2;

    private static readonly PrivateKey First = PrivateKey.OfPhrase("first key of a contract wallet");
    private static readonly PrivateKey Second = PrivateKey.OfPhrase("second key of a contract wallet");

    private string _before = "";

    /// <summary>The delay's seconds are not for the tests after these.</summary>
    public async Task InitializeAsync() => _before = await fixture.RequestAsync("evm_snapshot");

    public async Task DisposeAsync()
    {
        await fixture.AutomineAsync(true);
        await fixture.RequestAsync("evm_revert", _before);
        await fixture.RequestAsync("anvil_dropAllTransactions");
    }

    [Theory]
    [InlineData(PurseChoice.Either)]
    [InlineData(PurseChoice.Vault)]
    public async Task OrderByTheRegisteredKey_BecomesAFirmTrade_AndSettles_WhateverTheWalletsCodeDoes(PurseChoice purse)
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (wallet, bob) = await RegisteredAsync(venue);
        await venue.Venue.SendAsync(wallet.Key, wallet.Account, ContractArtifact.TestWallet.Encode("setMode", BurnsAllGas));

        Assert.Equal("open", (await PlaceAsync(venue, wallet, First, purse)).Result.OrderStatus);
        var trade = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).TradeId;
        Assert.True(await venue.IsFirmAsync(trade));
        Assert.Equal("final", await venue.EndOfAsync(venue.Venue.NewSubmitter(), trade));
        Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));
        Assert.Equal((1_000_000_000 - Lots * Ticks, 1_000_000_000 + Lots * Ticks), (await OwnedAsync(wallet), await OwnedAsync(bob)));
        await venue.RequireLedgerIsChainAsync();

        Task<long> OwnedAsync(Wallet of) => venue.OwnedAsync(of, Purse.Vault);
    }

    [Fact]
    public async Task KeyIsChangedBetweenMatchAndSettlement_TheTradeSettles()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (wallet, bob) = await RegisteredAsync(venue);
        await PlaceAsync(venue, wallet, First);
        var trade = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).TradeId;
        Assert.True(await venue.IsFirmAsync(trade));

        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(trade)).State);
        var change = LiveVenue.ByContract(venue.Vault, VaultContract.RegisterSigningKey(Second.Address));
        await venue.Live.SendFirstAsync(wallet, wallet.Account, change);
        Assert.Equal("final", await venue.EndOfAsync(submitter, trade));
        Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));
        Assert.Equal(0, await venue.Live.HeldAsync());
        await venue.RequireLedgerIsChainAsync();
    }

    /// <summary>From the block that announces it on, before any block confirms that.</summary>
    [Fact]
    public async Task Change_EndsTheOrdersOfTheFormerKeyWhenItIsSeen_AndTheNextKeySignsAfterTheDelay()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (wallet, bob) = await RegisteredAsync(venue);
        var resting = await PlaceAsync(venue, wallet, First);
        var own = await venue.PlaceAsync(bob, isBuy: true, Ticks - 1_000, Lots, PurseChoice.Wallet);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await PlaceAsync(venue, wallet, Second)).Result.Code);

        await RegisterAsync(venue, wallet, Second.Address);
        await venue.Venue.FollowAsync();
        Assert.Equal("cancelled", (await venue.Live.StateOfAsync(resting)).Status);
        Assert.Equal("open", (await venue.Live.StateOfAsync(own)).Status);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await PlaceAsync(venue, wallet, First)).Result.Code);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await PlaceAsync(venue, wallet, Second)).Result.Code);

        await PassDelayAsync(venue);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await PlaceAsync(venue, wallet, First)).Result.Code);
        Assert.Equal("open", (await PlaceAsync(venue, wallet, Second)).Result.OrderStatus);
        var trade = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).TradeId;
        Assert.Equal("final", await venue.EndOfAsync(venue.Venue.NewSubmitter(), trade));

        await RegisterAsync(venue, wallet, Address.Zero);
        await venue.Venue.FollowAsync();
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await PlaceAsync(venue, wallet, Second)).Result.Code);
        await PassDelayAsync(venue);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await PlaceAsync(venue, wallet, Second)).Result.Code);
    }

    [Fact]
    public async Task AnnouncementThatAReorganisationUndoes_CountsNoMore()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (wallet, _) = await RegisteredAsync(venue);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await RegisterAsync(venue, wallet, Second.Address);
        await venue.Live.MineAsync(venue.Venue.Options.Confirmations);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await PlaceAsync(venue, wallet, First)).Result.Code);

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await venue.Live.MineAsync(2 * venue.Venue.Options.Confirmations + 2);
        Assert.Equal("open", (await PlaceAsync(venue, wallet, First)).Result.OrderStatus);
    }

    [Fact]
    public async Task AnotherKey_IsRefused_AndSoIsTheRegisteredOneForTheWallet()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (wallet, _) = await RegisteredAsync(venue);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await PlaceAsync(venue, wallet, Second)).Result.Code);
        Assert.Equal(ProblemCodes.MalformedRequest, (await PlaceAsync(venue, wallet, First, PurseChoice.Wallet)).Result.Code);
        Assert.Equal(0, await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }

    [Fact]
    public async Task OrdersThatTheContractAccepts_AreOfItsWallet_BesideThoseOfTheKey()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (wallet, bob) = await RegisteredAsync(venue);
        await venue.PlaceAsync(wallet, isBuy: true, Ticks, Lots);
        var soft = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Wallet)).TradeId;
        await PlaceAsync(venue, wallet, First);
        var firm = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).TradeId;
        Assert.Equal((false, true), (await venue.IsFirmAsync(soft), await venue.IsFirmAsync(firm)));

        var submitter = venue.Venue.NewSubmitter();
        Assert.Equal("final", await venue.EndOfAsync(submitter, firm));
        Assert.Equal("final", await venue.EndOfAsync(submitter, soft));
        await venue.RequireLedgerIsChainAsync();
    }

    [Fact]
    public async Task AfterAFailover_TheKeyIsStillKnown_AndSoIsWhichOrdersAreItsOwn()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (wallet, bob) = await RegisteredAsync(venue);
        var first = await PlaceAsync(venue, wallet, First);
        await venue.Live.ReplaceLeaderAsync();
        var second = await PlaceAsync(venue, wallet, First);
        Assert.Equal("open", second.Result.OrderStatus);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await PlaceAsync(venue, wallet, Second)).Result.Code);

        var trade = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).TradeId;
        Assert.Equal("filled", (await venue.Live.StateOfAsync(first)).Status);
        await RegisterAsync(venue, wallet, Second.Address);
        await venue.Venue.FollowAsync();
        Assert.Equal("cancelled", (await venue.Live.StateOfAsync(second)).Status);
        Assert.Equal("final", await venue.EndOfAsync(venue.Venue.NewSubmitter(), trade));
        await venue.RequireLedgerIsChainAsync();
    }

    [Fact]
    public async Task CancelByTheKeyInForce_IsTaken_WhateverTheWalletsCodeDoes_AndByNoOtherKey()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (wallet, bob) = await RegisteredAsync(venue);
        await venue.Venue.SendAsync(wallet.Key, wallet.Account, ContractArtifact.TestWallet.Encode("setMode", BurnsAllGas));
        var (first, second) = (await PlaceAsync(venue, wallet, First), await PlaceAsync(venue, wallet, First));
        var ofBob = await venue.PlaceAsync(bob, isBuy: true, Ticks - 1_000, Lots, PurseChoice.Vault);

        Assert.Equal(ResultStatus.Accepted, (await CancelAsync(venue, first, First)).Status);
        Assert.Equal("cancelled", (await venue.Live.StateOfAsync(first)).Status);
        // A stranger's key; and a registered key, for an account that has not registered it.
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await CancelAsync(venue, second, Second)).Code);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await CancelAsync(venue, ofBob, First)).Code);
        Assert.Equal("open", (await venue.Live.StateOfAsync(second)).Status);
        Assert.Equal("open", (await venue.Live.StateOfAsync(ofBob)).Status);
        // A refused cancel leaves no mark: the salt can still be cancelled, and a cancel that came before its order refuses it.
        Assert.Equal(1, await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM salt_tombstones"));
        Assert.Equal(ResultStatus.Duplicate, (await CancelAsync(venue, first, First)).Status);
        Assert.Equal(ResultStatus.Accepted, (await CancelAsync(venue, second, First)).Status);
    }

    [Fact]
    public async Task CancelByAKeyThatIsNotYetOrNoMoreInForce_IsRefused_AndChangesNothing()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (wallet, _) = await RegisteredAsync(venue);
        // Of the wallet, so that the change of the key leaves it where it is.
        var soft = await venue.PlaceAsync(wallet, isBuy: true, Ticks, Lots);
        Assert.Equal("open", soft.Result.OrderStatus);

        await RegisterAsync(venue, wallet, Second.Address);
        await venue.Venue.FollowAsync();
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await CancelAsync(venue, soft, First)).Code);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await CancelAsync(venue, soft, Second)).Code);
        await PassDelayAsync(venue);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await CancelAsync(venue, soft, First)).Code);
        Assert.Equal("open", (await venue.Live.StateOfAsync(soft)).Status);

        await venue.Live.ReplaceLeaderAsync();
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await CancelAsync(venue, soft, First)).Code);
        Assert.Equal(ResultStatus.Accepted, (await CancelAsync(venue, soft, Second)).Status);
        Assert.Equal("cancelled", (await venue.Live.StateOfAsync(soft)).Status);
    }

    private static Task<CommandResult> CancelAsync(FirmVenue venue, LiveOrder order, PrivateKey key)
    {
        var domain = TypedDataDomain.OfMarket(venue.Venue.Deployment.ChainId, venue.Venue.MarketAddress);
        var message = new CancelSaltMessage(order.Maker.Account, order.Message.Salt);
        return venue.Live.Node.Router.SendAsync(
            new CancelBySalt(order.Maker.Account.ToLowerHex(), Venue.Market, order.Message.Salt.ToString())
            {
                RequestId = Guid.NewGuid(),
                Deadline = Traders.Deadline,
                Signature = Hex.Encode(OrderSigning.Sign(domain, message, key)),
                SigningKey = key.Address.ToLowerHex(),
            }
        );
    }

    private static Task<LiveOrder> PlaceAsync(FirmVenue venue, Wallet wallet, PrivateKey key, PurseChoice purse = PurseChoice.Vault) =>
        venue.Live.PlaceAsync(venue.Live.SignByKey(wallet, key, isBuy: true, Ticks, Lots), purse: purse);

    /// <summary>A contract wallet with 1,000 USDC in the vault, as many in its wallet, and the first key in force.</summary>
    private static async Task<(Wallet Wallet, Wallet Bob)> RegisteredAsync(FirmVenue venue)
    {
        var bob = await venue.AddAsync(usdc: 1_000, shares: 1_000);
        var wallet = await venue.AddContractAsync(usdc: 1_000, First.Address);
        Assert.Equal(ProblemCodes.SigningKeyNotInForce, (await PlaceAsync(venue, wallet, First)).Result.Code);
        await PassDelayAsync(venue);
        return (wallet, bob);
    }

    private static Task RegisterAsync(FirmVenue venue, Wallet wallet, Address key) =>
        venue.Live.SendAsync(wallet, venue.Vault, VaultContract.RegisterSigningKey(key));

    private static Task PassDelayAsync(FirmVenue venue) => venue.PassDelayAsync();
}
