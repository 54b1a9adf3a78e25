using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Accounts;

[Collection(ApiStackCollection.Name)]
public sealed class AccountRoutesTests(ApiStack stack) : IAsyncLifetime
{
    private const int Owner = 830_000;
    private const int Poor = 830_001;

    private static readonly Address OwnersAddress = PrivateKey.OfPhrase("owner of the accounts' tests").Address;
    private static readonly Address PoorAddress = PrivateKey.OfPhrase("an account without anything").Address;

    public async Task InitializeAsync() =>
        await stack.ExecuteAsync(
            $"""
            INSERT INTO accounts (account_id, address) VALUES
                ({Owner}, '\x{OwnersAddress.ToLowerHex()[2..]}'), ({Poor}, '\x{PoorAddress.ToLowerHex()[2..]}');
            INSERT INTO balances (account_id, market_id, outcome, owned, order_hold, trade_hold, observed_block, updated_sequence, shard)
            VALUES ({Owner}, 0, 255, 10000000, 2500000, 1, 40, 1, 0), ({Owner}, 0, 255, 5000000, 500000, 0, 42, 2, 1),
                ({Owner}, 1, 0, 1250, 50, 0, 41, 5, 0), ({Owner}, 1, 1, 100, 0, 100, 41, 9, 0)
            """
        );

    public async Task DisposeAsync() =>
        await stack.ExecuteAsync(
            $"DELETE FROM balances WHERE account_id = {Owner}; DELETE FROM accounts WHERE account_id IN ({Owner}, {Poor})"
        );

    [Fact]
    public async Task AnAccount_ShowsItsMoneyOfAllShardsTogether_ThenWhatChangedLast()
    {
        var account = await stack.ReadAsync<AccountView>($"accounts/{OwnersAddress}");
        Assert.Equal((OwnersAddress.ToString(), 42), (account.Address, account.ObservedBlock));
        Assert.Equal(
            [
                new BalanceView("USDC", "15", "3", "0.000001", "11.999999"),
                new BalanceView("1:1", "1", "0", "1", "0"),
                new BalanceView("1:0", "12.5", "0.5", "0", "12"),
            ],
            account.Balances
        );
    }

    [Fact]
    public async Task AnAddress_IsTakenInAnyCase_AndWithItsChecksum()
    {
        foreach (
            var text in new[]
            {
                OwnersAddress.ToString(),
                OwnersAddress.ToLowerHex(),
                "0x" + OwnersAddress.ToLowerHex()[2..].ToUpperInvariant(),
            }
        )
            Assert.Equal(OwnersAddress.ToString(), (await stack.ReadAsync<AccountView>($"accounts/{text}")).Address);

        var flipped = OwnersAddress.ToString().Select((c, i) => i > 1 && char.IsLetter(c) ? (char)(c ^ ' ') : c).ToArray();
        await BadRequestTests.RefusalAsync(await stack.Http.GetAsync($"accounts/{new string(flipped)}"), 400, "malformed_request");
    }

    [Fact]
    public async Task AKnownAccountThatOwnsNothing_IsNoUnknownOne()
    {
        var poor = await stack.ReadAsync<AccountView>($"accounts/{PoorAddress}");
        Assert.Equal((0, 0), (poor.ObservedBlock, poor.Balances.Count));
        await BadRequestTests.RefusalAsync(await stack.Http.GetAsync($"accounts/{PrivateKey.Random().Address}"), 404, "not_found");
    }
}
