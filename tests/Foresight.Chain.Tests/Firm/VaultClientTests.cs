using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Foresight.Client.Vault;
using Foresight.Protocol;
using Xunit;

namespace Foresight.Chain.Tests.Firm;

/// <summary>What needs no relayer, with the real contracts. The way out at once is in the end-to-end tests.</summary>
[Trait("Category", "Firm")]
public sealed class VaultClientTests(FirmFixture fixture) : FirmScenario(fixture), IAsyncLifetime
{
    /// <summary>The client waits for blocks, and makes none.</summary>
    public Task InitializeAsync() => Chain.RequestAsync("evm_setAutomine", true);

    public Task DisposeAsync() => Chain.RequestAsync("evm_setAutomine", false);

    [Fact]
    public async Task Usdc_ComesInByAnApprovalOfExactlyThatMuch_AndByAPermitAlone()
    {
        var (client, key) = await ClientAsync("deposits", usdc: 100);
        await client.DepositAsync(VaultAsset.Usdc, 30.5m);
        Assert.Equal(0, await Venue.Usdc.AllowanceAsync(key.Address, Vault.Address));
        await client.DepositWithPermitAsync(20m);
        await client.DepositWithPermitAsync(10m);
        Assert.Equal(new PurseState(60.5m, 0, null, null), await client.PurseAsync(VaultAsset.Usdc));
        Assert.Equal(39.5m, await WalletAsync(key.Address));
    }

    [Fact]
    public async Task Shares_ComeIn_AndLeave()
    {
        var (client, key) = await ClientAsync("deposits shares", usdc: 100);
        var market = await Venue.MarketAsync(2);
        await Venue.MintSetAsync(market, key, 5_000);
        var shares = VaultAsset.Shares(marketId: 7, market.Address, outcome: 1);
        Assert.Equal("7:1", shares.Name);

        await client.DepositAsync(shares, 12.34m);
        Assert.Equal(12.34m, (await client.PurseAsync(shares)).Free);
        await client.RequestWithdrawalAsync(shares, 2.34m);
        await PassDelayAsync();
        await client.FinishAsync(shares);
        Assert.Equal((10m, 0m), await FreeAndLeavingAsync(client, shares));
        Assert.Equal(4_000, await Venue.LotsOfAsync(market, 1, key.Address));
    }

    [Fact]
    public async Task AWithdrawal_IsPaidWhenTheDelayIsOver_WhereItsOwnerWants_AndNotBefore()
    {
        var (client, key) = await ClientAsync("leaves", usdc: 100);
        await client.DepositAsync(VaultAsset.Usdc, 100m);
        var leaving = await client.RequestWithdrawalAsync(VaultAsset.Usdc, 70m);
        Assert.Equal((30m, 70m), (leaving.Free, leaving.Leaving));
        Assert.Equal(await Chain.Client.BlockNumberAsync() + Delay.Blocks, leaving.ReadyBlock);
        Assert.NotNull(leaving.ReadyAt);
        await Assert.ThrowsAsync<RpcException>(() => client.FinishAsync(VaultAsset.Usdc));

        await client.CancelWithdrawalAsync(VaultAsset.Usdc);
        Assert.Equal((100m, 0m), await FreeAndLeavingAsync(client, VaultAsset.Usdc));

        await client.RequestWithdrawalAsync(VaultAsset.Usdc, 1_000m);
        await PassDelayAsync();
        var elsewhere = PrivateKey.Random().Address;
        await client.FinishAsync(VaultAsset.Usdc, elsewhere);
        Assert.Equal(100m, await WalletAsync(elsewhere));
        Assert.Equal(0m, await WalletAsync(key.Address));
    }

    [Fact]
    public async Task WhatTheWalletDoesNotHave_IsRefusedByTheNode_AndChangesNothing()
    {
        var (client, _) = await ClientAsync("has little", usdc: 1);
        await Assert.ThrowsAsync<RpcException>(() => client.DepositWithPermitAsync(2m));
        await Assert.ThrowsAsync<RpcException>(() => client.RequestWithdrawalAsync(VaultAsset.Usdc, 1m));
        await Assert.ThrowsAsync<ArgumentException>(() => client.DepositAsync(VaultAsset.Usdc, 0.0000001m));
        Assert.Equal((0m, 0m), await FreeAndLeavingAsync(client, VaultAsset.Usdc));
    }

    [Fact]
    public void AnExchangeWithoutAVault_HasNoSuchClient() =>
        Assert.Throws<ArgumentException>(() => new VaultClient(Chain.Client, View() with { Vault = null }, PrivateKey.Random()));

    private static async Task<(decimal Free, decimal Leaving)> FreeAndLeavingAsync(VaultClient client, VaultAsset asset) =>
        await client.PurseAsync(asset) is var purse ? (purse.Free, purse.Leaving) : default;

    private async Task<(VaultClient Client, PrivateKey Key)> ClientAsync(string name, decimal usdc)
    {
        // Approves nothing for the vault: that is the client's.
        var key = await Venue.TraderAsync(name, usdc);
        return (new VaultClient(Chain.Client, View(), key), key);
    }

    private ChainView View() =>
        new(
            AnvilChain.ChainId,
            Venue.Factory.Address.ToString(),
            Venue.Usdc.Address.ToString(),
            Venue.Shares.Address.ToString(),
            Confirmations: 1,
            Vault: Vault.Address.ToString()
        );
}
