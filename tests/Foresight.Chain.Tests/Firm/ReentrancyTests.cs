using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Firm;

/// <summary>
/// Shares that leave the vault by a plain transfer call their receiver. It has a purse itself, and calls back everything that pays,
/// while the vault is paying it.
/// </summary>
[Trait("Category", "Firm")]
public sealed class ReentrancyTests(FirmFixture fixture) : FirmScenario(fixture)
{
    private const int Refuses = 4;

    private static readonly AbiFunction Execute = ContractArtifact.TestWallet.Function("execute");

    [Fact]
    public async Task AHostileReceiver_IsPaidOnce()
    {
        var market = await Venue.MarketAsync(2);
        var owner = await SellerAsync("hostile: owner", market, 2_000, inVault: 100);
        var wallet = await Chain.DeployAsync(owner, ContractArtifact.TestWallet.Creation(owner.Address));
        await Chain.ExecuteAsync(Venue.Admin, Venue.Usdc.Address, UsdcContract.Mint(wallet, Exchange.Micros(100)));
        await CallAsync(owner, wallet, Venue.Usdc.Address, UsdcContract.Approve(Vault.Address, Word.MaxUInt256));
        await ByWalletAsync(owner, wallet, VaultContract.Deposit(Exchange.Micros(50)));
        await Chain.ExecuteAsync(Venue.Admin, Venue.Usdc.Address, UsdcContract.Mint(owner.Address, Exchange.Micros(20)));
        await Venue.MintSetAsync(market, owner, 2_000);
        await DepositSharesAsync(owner, market, 0, 2_000, account: wallet);
        var id = Share(market, 0);
        var nonce = 0;
        byte[] Now(long lots)
        {
            var message = new WithdrawalMessage(wallet, id, Amount(lots), ++nonce, Word.MaxUInt256);
            var domain = WithdrawalMessage.DomainOf(AnvilChain.ChainId, Vault.Address);
            return VaultContract.WithdrawNow(message, wallet, Venue.Operator.Sign(domain.Digest(message.StructHash())));
        }

        (string Name, Address Target, byte[] Call)[] reactions =
        [
            ("finish", Vault.Address, VaultContract.Finish(id, wallet)),
            ("withdrawNow", Vault.Address, Now(100)),
            ("requestWithdrawal", Vault.Address, VaultContract.RequestWithdrawal(id, Amount(100))),
            ("cancelWithdrawal", Vault.Address, VaultContract.CancelWithdrawal(id)),
            ("redeemFor", Vault.Address, VaultContract.RedeemFor(wallet, id)),
            ("deposit", Vault.Address, VaultContract.Deposit(1)),
            ("deposit of the shares", Venue.Shares.Address, TransferShares(wallet, id, Amount(100))),
        ];
        long paid = 0;
        foreach (var (name, target, call) in reactions)
        {
            await Chain.ExecuteAsync(owner, wallet, ContractArtifact.TestWallet.Encode("setReaction", target, call));
            foreach (var leaves in new[] { true, false })
            {
                await ByWalletAsync(owner, wallet, VaultContract.RequestWithdrawal(id, Amount(100)));
                await PassDelayAsync();
                await ByWalletAsync(owner, wallet, leaves ? VaultContract.Finish(id, wallet) : Now(100));
                paid += 100;
                Assert.Equal((true, false), (await FlagAsync(wallet, "reacted"), await FlagAsync(wallet, "reactionDone")));
                Assert.True(paid == await Venue.LotsOfAsync(market, 0, wallet), name);
                var (free, leaving) = await LotsAsync(market, 0, wallet);
                Assert.True(2_000 - paid == free + leaving, name);
                if (leaving > 0)
                    await ByWalletAsync(owner, wallet, VaultContract.CancelWithdrawal(id));
            }
        }

        // It can call what moves nothing, so the others were refused by the vault and not by the test.
        var fold = ContractArtifact.Vault.Encode("fold", market.Address);
        await Chain.ExecuteAsync(owner, wallet, ContractArtifact.TestWallet.Encode("setReaction", Vault.Address, fold));
        await ByWalletAsync(owner, wallet, Now(100));
        Assert.Equal((true, true), (await FlagAsync(wallet, "reacted"), await FlagAsync(wallet, "reactionDone")));
        Assert.Equal((50m, 0m), await MoneyAsync(wallet));
        await AssertHoldsSharesAsync(market, owner.Address, wallet);
    }

    [Fact]
    public async Task AReceiverThatRefuses_LosesNothing_AndIsPaidElsewhere()
    {
        var market = await Venue.MarketAsync(2);
        var owner = await SellerAsync("refusing: owner", market, 100);
        var wallet = await Chain.DeployAsync(owner, ContractArtifact.TestWallet.Creation(owner.Address));
        await Chain.ExecuteAsync(owner, wallet, ContractArtifact.TestWallet.Encode("setMode", Refuses));
        await ExecuteAsync(owner, VaultContract.RequestWithdrawal(Share(market, 0), Amount(100)));
        await PassDelayAsync();
        Assert.False((await SendAtAsync(owner, VaultContract.Finish(Share(market, 0), wallet))).Succeeded);
        // Nor does USDC take shares: it has no such function.
        Assert.False((await SendAtAsync(owner, VaultContract.Finish(Share(market, 0), Venue.Usdc.Address))).Succeeded);
        Assert.Equal((0L, 100L), await LotsAsync(market, 0, owner.Address));
        await ExecuteAsync(owner, VaultContract.Finish(Share(market, 0), owner.Address));
        Assert.Equal(100, await Venue.LotsOfAsync(market, 0, owner.Address));
    }

    private async Task<bool> FlagAsync(Address wallet, string name)
    {
        var function = ContractArtifact.TestWallet.Function(name);
        return (bool)function.DecodeOutput(await Chain.Client.CallAsync(new CallRequest(wallet, function.Encode())))[0];
    }

    private Task ByWalletAsync(PrivateKey owner, Address wallet, byte[] call) => CallAsync(owner, wallet, Vault.Address, call);

    /// <summary>With gas to spare: a reaction must not fail for want of it.</summary>
    private async Task CallAsync(PrivateKey owner, Address wallet, Address target, byte[] call)
    {
        var receipt = await Chain.SendAsync(owner, wallet, Execute.Encode(target, call), 3_000_000);
        Assert.True(receipt.Succeeded);
    }
}
