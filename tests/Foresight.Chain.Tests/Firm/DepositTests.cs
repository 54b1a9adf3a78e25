using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Firm;

[Trait("Category", "Firm")]
public sealed class DepositTests(FirmFixture fixture) : FirmScenario(fixture)
{
    private static readonly Hash32 PermitTypeHash = Keccak256.HashText(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    [Fact]
    public async Task ADeposit_IsTheCallersMoney_ForTheirPurseOrTheOneTheyName()
    {
        var (payer, other) = (await TraderAsync("pays", 0, inWallet: 100), await TraderAsync("is paid for", 0));
        var receipt = await Chain.ExecuteAsync(payer, Vault.Address, VaultContract.Deposit(Exchange.Micros(30)));
        var deposited = VaultContract.Deposited.Decode(Assert.Single(receipt.Logs, VaultContract.Deposited.Matches));
        Assert.Equal(
            (payer.Address, Usdc, Exchange.Micros(30), payer.Address),
            (deposited.Address("account"), deposited.Integer("asset"), deposited.Integer("amount"), deposited.Address("from"))
        );
        await ExecuteAsync(payer, VaultContract.DepositFor(other.Address, Exchange.Micros(20)));

        Assert.Equal((30m, 0m), await MoneyAsync(payer.Address));
        Assert.Equal((20m, 0m), await MoneyAsync(other.Address));
        Assert.Equal(50m, await WalletAsync(payer.Address));

        // Only the caller pays: no other account can deposit what one has approved to the vault.
        Assert.NotNull(await RefusalAsync(other, VaultContract.DepositFor(other.Address, 1)));
        Assert.Equal("BadAmount", await RefusalAsync(payer, VaultContract.Deposit(0)));
        Assert.NotNull(await RefusalAsync(payer, VaultContract.Deposit(Exchange.Micros(51))));
        foreach (var nobody in new[] { Address.Zero, Vault.Address })
            Assert.Equal("BadAccount", await RefusalAsync(payer, VaultContract.DepositFor(nobody, 1)));
    }

    [Fact]
    public async Task APermit_DepositsInOneTransaction_AlsoIfSomebodySentItBefore()
    {
        var owner = await Venue.TraderAsync("permits", 100);
        var thief = await Venue.TraderAsync("sends permits of others", 0);
        var permit = Permit(owner, Exchange.Micros(40), nonce: 0);
        await ExecuteAsync(owner, VaultContract.DepositWithPermit(owner.Address, Exchange.Micros(40), Word.MaxUInt256, permit));
        Assert.Equal((40m, 0m), await MoneyAsync(owner.Address));
        Assert.Equal(0, await Venue.Usdc.AllowanceAsync(owner.Address, Vault.Address));

        var second = Permit(owner, Exchange.Micros(10), nonce: 1);
        // By somebody else it pays nothing into their purse, and its use leaves the owner's own call working.
        var stolen = VaultContract.DepositWithPermit(thief.Address, Exchange.Micros(10), Word.MaxUInt256, second);
        Assert.NotNull(await RefusalAsync(thief, stolen));
        await Chain.ExecuteAsync(
            thief,
            Venue.Usdc.Address,
            ContractArtifact.MockUsdc.Encode(
                "permit",
                owner.Address,
                Vault.Address,
                Exchange.Micros(10),
                Word.MaxUInt256,
                (int)second[64],
                new Hash32(second.AsSpan(0, 32)),
                new Hash32(second.AsSpan(32, 32))
            )
        );
        Assert.NotNull(await RefusalAsync(thief, stolen));
        await ExecuteAsync(owner, VaultContract.DepositWithPermit(owner.Address, Exchange.Micros(10), Word.MaxUInt256, second));
        Assert.Equal((50m, 0m), await MoneyAsync(owner.Address));
        Assert.Equal((0m, 0m), await MoneyAsync(thief.Address));
    }

    [Fact]
    public async Task Shares_ComeByAPlainTransfer_ForTheSenderOrTheAccountNamed()
    {
        var market = await Venue.MarketAsync(3);
        var (sender, other) = (await TraderAsync("sends shares", 0, inWallet: 100), await TraderAsync("gets shares", 0));
        await Venue.MintSetAsync(market, sender, 1_000);
        await DepositSharesAsync(sender, market, 0, 300);
        await DepositSharesAsync(sender, market, 0, 50, account: other.Address);
        Assert.Equal((300, 0), await LotsAsync(market, 0, sender.Address));
        Assert.Equal((50, 0), await LotsAsync(market, 0, other.Address));

        // A complete set among what a batch brings becomes money of the vault, and the shares stay in the purses.
        await Chain.ExecuteAsync(
            sender,
            Venue.Shares.Address,
            ContractArtifact.OutcomeToken.Encode(
                "safeBatchTransferFrom",
                sender.Address,
                Vault.Address,
                new object[] { Share(market, 1), Share(market, 2) },
                new object[] { Amount(200), Amount(100) },
                Array.Empty<byte>()
            )
        );
        Assert.Equal((200, 0), await LotsAsync(market, 1, sender.Address));
        Assert.Equal((100, 0), await LotsAsync(market, 2, sender.Address));
        Assert.Equal(Amount(100), await Vault.SetsAsync(market.Address));
        Assert.Equal(0, await Venue.LotsOfAsync(market, 2, Vault.Address));
        await AssertHoldsSharesAsync(market, sender.Address, other.Address);
    }

    [Fact]
    public async Task OnlyTheOutcomeToken_BringsShares_AndOnlyWholeLotsOfMarketsOfTheFactory()
    {
        var market = await Venue.MarketAsync(2);
        var sender = await TraderAsync("sends what is none", 0, inWallet: 100);
        await Venue.MintSetAsync(market, sender, 1_000);
        var hook = ContractArtifact.Vault.Encode(
            "onERC1155Received",
            sender.Address,
            sender.Address,
            Share(market, 0),
            Amount(1),
            Array.Empty<byte>()
        );
        Assert.Equal("NotOutcomeToken", await RefusalAsync(sender, hook));
        var hooks = ContractArtifact.Vault.Encode(
            "onERC1155BatchReceived",
            sender.Address,
            sender.Address,
            new object[] { Share(market, 0) },
            new object[] { Amount(1) },
            Array.Empty<byte>()
        );
        Assert.Equal("NotOutcomeToken", await RefusalAsync(sender, hooks));

        // Anybody may mint under their own address, which makes them no market.
        await Chain.ExecuteAsync(sender, Venue.Shares.Address, ContractArtifact.OutcomeToken.Encode("mint", sender.Address, 0, Amount(5)));
        foreach (
            var (id, amount, account, error) in new (BigInteger, BigInteger, Address?, string)[]
            {
                (OutcomeTokenContract.IdOf(sender.Address, 0), Amount(5), null, "UnknownAsset"),
                (Share(market, 2), 0, null, "UnknownAsset"),
                (Share(market, 0), Amount(1) + 1, null, "BadAmount"),
                (Share(market, 0), 0, null, "BadAmount"),
                (Share(market, 0), Amount(1), Vault.Address, "BadAccount"),
                (Share(market, 0), Amount(1), Address.Zero, "BadAccount"),
            }
        )
            Assert.Equal(error, await RefusalAsync(sender, TransferShares(sender.Address, id, amount, account), Venue.Shares.Address));
    }

    [Fact]
    public async Task APause_StopsDeposits_AndNoWayOut()
    {
        var market = await Venue.MarketAsync(2);
        var owner = await SellerAsync("paused", market, 100, inVault: 50);
        await Chain.ExecuteAsync(Venue.Admin, Venue.Usdc.Address, UsdcContract.Mint(owner.Address, Exchange.Micros(10)));
        await Venue.MintSetAsync(market, owner, 100);
        Assert.Equal("NotAdmin", await RefusalAsync(owner, ContractArtifact.Vault.Encode("pause")));
        await ExecuteAsync(Venue.Operator, ContractArtifact.Vault.Encode("pause"));

        Assert.Equal("DepositsPaused", await RefusalAsync(owner, VaultContract.Deposit(1)));
        Assert.Equal(
            "DepositsPaused",
            await RefusalAsync(owner, TransferShares(owner.Address, Share(market, 0), Amount(1)), Venue.Shares.Address)
        );
        await ExecuteAsync(owner, VaultContract.RequestWithdrawal(Usdc, Exchange.Micros(50)));
        await ExecuteAsync(owner, VaultContract.RequestWithdrawal(Share(market, 0), Amount(100)));
        await PassDelayAsync();
        await ExecuteAsync(owner, VaultContract.Finish(Usdc, owner.Address));
        await ExecuteAsync(owner, VaultContract.Finish(Share(market, 0), owner.Address));

        Assert.Equal("NotAdmin", await RefusalAsync(Venue.Operator, ContractArtifact.Vault.Encode("unpause")));
        await ExecuteAsync(Venue.Admin, ContractArtifact.Vault.Encode("unpause"));
        await ExecuteAsync(owner, VaultContract.Deposit(Exchange.Micros(1)));

        // The pause of a market stops deposits of its shares.
        await Chain.ExecuteAsync(Venue.Operator, market.Address, ContractArtifact.Market.Encode("pause"));
        Assert.Equal(
            "DepositsPaused",
            await RefusalAsync(owner, TransferShares(owner.Address, Share(market, 0), Amount(1)), Venue.Shares.Address)
        );
    }

    private byte[] Permit(PrivateKey owner, BigInteger micros, int nonce)
    {
        Span<byte> words = stackalloc byte[6 * Word.Size];
        PermitTypeHash.CopyTo(words);
        Word.Write(owner.Address, words[32..]);
        Word.Write(Vault.Address, words[64..]);
        Word.Write(micros, words[96..]);
        Word.Write((BigInteger)nonce, words[128..]);
        Word.Write(Word.MaxUInt256, words[160..]);
        return owner.Sign(new TypedDataDomain("USD Coin", "1", AnvilChain.ChainId, Venue.Usdc.Address).Digest(Keccak256.Hash(words)));
    }
}
