using System.Net;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.Firm;

[Collection(ApiStackCollection.Name)]
[Trait("Category", "Firm")]
public sealed class FirmStatusTests(ApiStack stack) : IAsyncLifetime
{
    private readonly FirmLife _life = new(stack, 8_640_000);

    public Task InitializeAsync() => _life.InsertAsync();

    public Task DisposeAsync() => _life.DeleteAsync();

    [Fact]
    public async Task UnsettledFirmTrades_AreCounted_WithTheOldest_AgainstTheDelayAndTheBound()
    {
        await _life.SetTermsAsync(trades: 600);
        var firm = (await ReadAsync())!;
        Assert.Equal((FirmLife.Vault.ToString(), 40, 1200), (firm.Vault, firm.DelayBlocks, firm.DelaySeconds));
        // The fourth is not firm, and the engine knows the end of the third.
        Assert.Equal((2, "1"), (firm.UnsettledTrades, firm.UnsettledUsdc));
        Assert.InRange(DateTimeOffset.UtcNow - firm.OldestAt!.Value, TimeSpan.FromMinutes(1.9), TimeSpan.FromMinutes(10));
        Assert.Equal((true, null, null), (firm.IsTaken, firm.Why, firm.Since));
        Assert.Equal((600, 0.5), (firm.MostTrades, firm.TradesPerSecond));
        Assert.Equal((6, "19.5"), (firm.OpenWithdrawals, firm.LeavingUsdc));
        Assert.Equal(FirmLife.BobIsReady, firm.NextReadyAt);
    }

    [Fact]
    public async Task RefusedFirmOrders_HaveTheReason_AndItsStart()
    {
        Assert.Equal((false, FirmRefusals.NoTerms, null), await WhyAsync());
        await _life.SetTermsAsync(trades: 600, until: "'2026-01-01Z'");
        Assert.Equal((false, FirmRefusals.FactsTooOld, DateTimeOffset.Parse("2026-01-01Z")), await WhyAsync());
        await _life.SetTermsAsync(trades: 2, lowered: "'2026-01-01Z'");
        var (taken, why, since) = await WhyAsync();
        Assert.Equal((false, FirmRefusals.BoundReached), (taken, why));
        Assert.InRange(DateTimeOffset.UtcNow - since!.Value, TimeSpan.FromMinutes(0.9), TimeSpan.FromMinutes(10));
        await stack.ExecuteAsync("UPDATE trades SET executed_at = '2026-01-01Z' WHERE trade_id = 8640002");
        await _life.SetTermsAsync(trades: 0);
        Assert.Equal((false, FirmRefusals.TradeWaits, DateTimeOffset.Parse("2026-01-01T00:05:00Z")), await WhyAsync());

        async Task<(bool, string?, DateTimeOffset?)> WhyAsync() =>
            await ReadAsync() is { } firm ? (firm.IsTaken, firm.Why, firm.Since) : default;
    }

    [Fact]
    public async Task WithoutAVault_NothingOfItIsShown()
    {
        await stack.ExecuteAsync("UPDATE deployments SET vault = NULL");
        Assert.Null(await ReadAsync());
        Assert.Null((await stack.ReadAsync<AccountDetail>($"admin/accounts/{_life.Alice}", asOperator: true)).Purses);
        var share = await stack.ReadAsync<FirmShareView>("admin/markets/2/firm", asOperator: true);
        Assert.Equal((false, "0", "0"), (share.HasVault, share.Shares, share.FirmUsdc));
    }

    /// <summary>Who deposited there would wait for ever: with several shards nothing of the vault is followed.</summary>
    [Fact]
    public async Task WithSeveralShards_TheVaultIsShownNowhere()
    {
        Assert.Equal(FirmLife.Vault.ToString(), (await stack.ReadAsync<ChainView>("chain")).Vault);
        await stack.SetShardsAsync(2);
        try
        {
            var chain = await stack.ReadAsync<ChainView>("chain");
            Assert.Equal((null, null, null), (chain.Vault, chain.WithdrawalBlocks, chain.WithdrawalSeconds));
            Assert.NotEmpty(chain.Factory);
            Assert.Null(await ReadAsync());
            Assert.Null((await stack.ReadAsync<AccountDetail>($"admin/accounts/{_life.Alice}", asOperator: true)).Purses);
            Assert.False((await stack.ReadAsync<FirmShareView>("admin/markets/2/firm", asOperator: true)).HasVault);
        }
        finally
        {
            await stack.SetShardsAsync(1);
        }
    }

    [Fact]
    public async Task Market_HasWhatRests_AndHowMuchOfItIsFirm()
    {
        // Another test's orders may rest in the same market.
        var (all, firm) = (
            await stack.ScalarAsync<decimal>(
                "SELECT sum(quantity_lots - filled_lots - reduced_lots) FROM orders WHERE market_id = 2 AND status < 2"
            ),
            7.5m
        );
        var share = await stack.ReadAsync<FirmShareView>("admin/markets/2/firm", asOperator: true);
        Assert.Equal(
            (2, true, firm, firm / 2),
            (share.MarketId, share.HasVault, decimal.Parse(share.FirmShares), decimal.Parse(share.FirmUsdc))
        );
        Assert.Equal(all / 100, decimal.Parse(share.Shares));
        using var unknown = await stack.Admin.GetAsync("admin/markets/999/firm");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Account_HasItsPursesBesideItsWallet_AndWhatIsCoSignedIsNotHeldByTrades()
    {
        var purses = (await stack.ReadAsync<AccountDetail>($"admin/accounts/{_life.Alice}", asOperator: true)).Purses!;
        Assert.Equal(["USDC", "1:1"], purses.Select(purse => purse.Asset));
        Assert.Equal(
            new PurseView("USDC", "30", "5.5", "1", "0", "4.5", "8", 100, DateTimeOffset.Parse("2025-12-31T00:20:00Z"), "4.5"),
            purses[0]
        );
        Assert.Equal(new PurseView("1:1", "0", "12.5", "0", "0", "12.5", "0", null, null, "0"), purses[1]);
        var other = (await stack.ReadAsync<AccountDetail>($"admin/accounts/{_life.Bob}", asOperator: true)).Purses!;
        Assert.Equal(("7", "0", "7"), (Assert.Single(other).Wallet, other[0].Free, other[0].Leaving));
    }

    private async Task<FirmView?> ReadAsync() =>
        (await stack.ReadAsync<SettlementDetail>("admin/settlement", asOperator: true)).Status.Firm;
}
