using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Firm;

[Trait("Category", "Firm")]
public sealed class CoSignatureTests(FirmFixture fixture) : FirmScenario(fixture)
{
    private static int _nonce;

    [Fact]
    public async Task ACoSignature_PaysAtOnce_AndOnce()
    {
        var owner = await TraderAsync("at once", 100);
        var message = await MessageAsync(owner, 40);
        var call = VaultContract.WithdrawNow(message, owner.Address, Sign(message));
        await ExecuteAsync(owner, call);
        Assert.Equal((60m, 0m), await MoneyAsync(owner.Address));
        Assert.Equal(40m, await WalletAsync(owner.Address));

        Assert.Equal("CoSignatureUsed", await RefusalAsync(owner, call));
        // The nonce is used up, not only this signature.
        var other = message with
        {
            Amount = Exchange.Micros(1),
        };
        Assert.Equal("CoSignatureUsed", await RefusalAsync(owner, VaultContract.WithdrawNow(other, owner.Address, Sign(other))));
        // A neighbour in the same word is not, nor the same nonce of another account.
        var next = message with
        {
            Nonce = message.Nonce + 1,
            Amount = Exchange.Micros(20),
        };
        await ExecuteAsync(owner, VaultContract.WithdrawNow(next, owner.Address, Sign(next)));
        // It does not free the first, which there is enough money for.
        Assert.Equal("CoSignatureUsed", await RefusalAsync(owner, call));
        var neighbour = await TraderAsync("the same nonce", 100);
        var same = message with { Account = neighbour.Address };
        await ExecuteAsync(neighbour, VaultContract.WithdrawNow(same, neighbour.Address, Sign(same)));
        _nonce++;
    }

    [Fact]
    public async Task ACoSignature_EndsWithItsDeadline()
    {
        var owner = await TraderAsync("late", 100);
        var deadline = await Venue.NowAsync() + 1_000;
        var message = await MessageAsync(owner, 40) with { Deadline = deadline };
        var call = VaultContract.WithdrawNow(message, owner.Address, Sign(message));
        var before = await Chain.SnapshotAsync();
        Assert.True((await SendAtAsync(owner, call, deadline)).Succeeded);
        await Chain.RevertAsync(before);
        Assert.False((await SendAtAsync(owner, call, deadline + 1)).Succeeded);
        Assert.Equal("CoSignatureExpired", await RefusalAsync(owner, call));
        Assert.Equal((100m, 0m), await MoneyAsync(owner.Address));
    }

    [Fact]
    public async Task ACoSignature_IsOfThisWithdrawal_OfThisVaultOnThisChain_ByTheSettlementRole()
    {
        var market = await Venue.MarketAsync(2);
        var owner = await SellerAsync("bound", market, 4_000, inVault: 100);
        var thief = await TraderAsync("thief of signatures", 100);
        var good = await MessageAsync(owner, 40);
        var signature = Sign(good);
        var here = WithdrawalMessage.DomainOf(AnvilChain.ChainId, Vault.Address);
        Hash32 HashIn(TypedDataDomain domain) => domain.Digest(good.StructHash());

        // Whoever sends it is the account: with the owner's signature the thief could only take his own.
        Assert.Equal("BadCoSignature", await RefusalAsync(thief, VaultContract.WithdrawNow(good, thief.Address, signature)));
        foreach (
            var altered in new[]
            {
                good with
                {
                    Amount = good.Amount + 1,
                },
                good with
                {
                    Asset = Share(market, 0),
                },
                good with
                {
                    Nonce = good.Nonce + 1,
                },
                good with
                {
                    Deadline = good.Deadline + 1,
                },
            }
        )
            Assert.Equal("BadCoSignature", await RefusalAsync(owner, VaultContract.WithdrawNow(altered, owner.Address, signature)));

        var s = Word.Read(signature.AsSpan(32, 32));
        var n = BigInteger.Parse(
            "0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141",
            System.Globalization.NumberStyles.HexNumber
        );
        byte[][] wrong =
        [
            Venue.Operator.Sign(HashIn(WithdrawalMessage.DomainOf(1, Vault.Address))),
            Venue.Operator.Sign(HashIn(WithdrawalMessage.DomainOf(AnvilChain.ChainId, market.Address))),
            Venue.Operator.Sign(HashIn(TypedDataDomain.OfMarket(AnvilChain.ChainId, Vault.Address))),
            Venue.Operator.Sign(HashIn(new TypedDataDomain(WithdrawalMessage.DomainName, "2", AnvilChain.ChainId, Vault.Address))),
            owner.Sign(HashIn(here)),
            Venue.Admin.Sign(HashIn(here)),
            Venue.Resolver.Sign(HashIn(here)),
            [.. signature[..32], .. Word.ToBytes(n - s), (byte)(55 - signature[64])],
            [.. signature, 0],
            signature[..64],
            [],
            new byte[65],
        ];
        foreach (var bytes in wrong)
            Assert.Equal("BadCoSignature", await RefusalAsync(owner, VaultContract.WithdrawNow(good, owner.Address, bytes)));

        await ExecuteAsync(owner, VaultContract.WithdrawNow(good, owner.Address, signature));
    }

    [Fact]
    public async Task AnotherVault_TakesNoCoSignatureOfThisOne()
    {
        var creation = MarketFactoryContract.Creation(
            Venue.Usdc.Address,
            Venue.Admin.Address,
            Venue.Operator.Address,
            Venue.Resolver.Address,
            withdrawalDelay: Delay
        );
        var factory = new MarketFactoryContract(Chain.Client, await Chain.DeployAsync(Venue.Admin, creation));
        var other = (await factory.VaultAsync())!.Value;
        var owner = await TraderAsync("in both", 100, inWallet: 100);
        await Chain.ExecuteAsync(owner, Venue.Usdc.Address, UsdcContract.Approve(other, Word.MaxUInt256));
        await Chain.ExecuteAsync(owner, other, VaultContract.Deposit(Exchange.Micros(100)));
        var message = await MessageAsync(owner, 40);
        var call = VaultContract.WithdrawNow(message, owner.Address, Sign(message));

        Assert.Equal("BadCoSignature", await RefusalAsync(owner, call, other));
        Assert.Null(await RefusalAsync(owner, call));
    }

    [Fact]
    public async Task ACoSignature_OfAKeyThatLostTheRole_IsVoid()
    {
        var owner = await TraderAsync("revoked", 100);
        var former = PrivateKey.OfPhrase("former operator");
        var message = await MessageAsync(owner, 40);
        var call = VaultContract.WithdrawNow(message, owner.Address, Sign(message, former));
        var role = Keccak256.HashText("OPERATOR");
        await Chain.ExecuteAsync(
            Venue.Admin,
            Venue.Factory.Address,
            ContractArtifact.MarketFactory.Encode("grantRole", role, former.Address)
        );
        Assert.Null(await RefusalAsync(owner, call));
        await Chain.ExecuteAsync(
            Venue.Admin,
            Venue.Factory.Address,
            ContractArtifact.MarketFactory.Encode("revokeRole", role, former.Address)
        );
        Assert.Equal("BadCoSignature", await RefusalAsync(owner, call));
    }

    [Fact]
    public async Task ACoSignature_TakesTheFreePartFirst_AndNeverMoreThanThereIs()
    {
        var owner = await TraderAsync("both parts", 100);
        await ExecuteAsync(owner, VaultContract.RequestWithdrawal(Usdc, Exchange.Micros(70)));
        var message = await MessageAsync(owner, 50);
        var receipt = await Chain.ExecuteAsync(owner, Vault.Address, VaultContract.WithdrawNow(message, owner.Address, Sign(message)));
        Assert.Equal((0m, 50m), await MoneyAsync(owner.Address));
        Assert.Equal(
            Exchange.Micros(50),
            VaultContract.LeavingDrawn.Decode(receipt.Logs.Single(VaultContract.LeavingDrawn.Matches)).Integer("leaving")
        );

        var more = await MessageAsync(owner, 51);
        Assert.Equal("InsufficientVaultBalance", await RefusalAsync(owner, VaultContract.WithdrawNow(more, owner.Address, Sign(more))));
        await PassDelayAsync();
        await ExecuteAsync(owner, VaultContract.Finish(Usdc, owner.Address));
        Assert.Equal((0m, 0m), await MoneyAsync(owner.Address));
        Assert.Equal(100m, await WalletAsync(owner.Address));
    }

    [Fact]
    public async Task Shares_LeaveAtOnceAsWell()
    {
        var market = await Venue.MarketAsync(2);
        var owner = await SellerAsync("shares at once", market, 100);
        var message = await MessageAsync(owner, 0) with { Asset = Share(market, 1), Amount = Amount(30) };
        await ExecuteAsync(owner, VaultContract.WithdrawNow(message, owner.Address, Sign(message)));
        Assert.Equal((70, 0), await LotsAsync(market, 1, owner.Address));
        Assert.Equal(30, await Venue.LotsOfAsync(market, 1, owner.Address));
    }

    private async Task<WithdrawalMessage> MessageAsync(PrivateKey owner, decimal usdc) =>
        new(owner.Address, Usdc, Exchange.Micros(usdc), Interlocked.Increment(ref _nonce), await Venue.NowAsync() + 100_000);

    private byte[] Sign(in WithdrawalMessage message, PrivateKey? key = null) =>
        (key ?? Venue.Operator).Sign(WithdrawalMessage.DomainOf(AnvilChain.ChainId, Vault.Address).Digest(message.StructHash()));
}
