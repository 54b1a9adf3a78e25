using System.Text.Json;
using Foresight.AppHost.Programs;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Foresight.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Foresight.Chain.Tests.Leaving;

/// <summary>The script takes everything out of the vault when the relayer is gone: it asks, and when the delay is over it takes.</summary>
[Trait("Category", "Firm")]
public sealed class LeaveVaultTests(ITestOutputHelper output)
{
    private const string User = "user with a vault";

    [Fact]
    public async Task WithTheRelayerGone_EverythingIsOutOfTheVault_AfterTheDelay()
    {
        var packages = await ProgramFinder.Shared.RequireNpmAsync(["ethers@6.17.0"]);
        var delay = new WithdrawalDelay(Blocks: 20, Seconds: 600);
        await using var exchange = await Exchange.StartAsync(delay);
        var vault = (await exchange.Factory.VaultAsync())!.Value;
        var (open, decided) = (await exchange.MarketAsync(2), await exchange.MarketAsync(3));
        var user = await exchange.TraderAsync(User, 100);
        await exchange.Chain.ExecuteAsync(user, exchange.Usdc.Address, UsdcContract.Approve(vault, Word.MaxUInt256));
        await exchange.Chain.ExecuteAsync(user, vault, VaultContract.Deposit(Exchange.Micros(60)));
        foreach (var (market, outcomes) in new[] { (open, 2), (decided, 3) })
        {
            await exchange.MintSetAsync(market, user, 1_000);
            for (var k = 0; k < outcomes; k++)
                await exchange.Chain.ExecuteAsync(
                    user,
                    exchange.Shares.Address,
                    OutcomeTokenContract.Transfer(
                        user.Address,
                        vault,
                        OutcomeTokenContract.IdOf(market.Address, k),
                        1_000 * OrderMessage.AmountPerLot
                    )
                );
        }

        await exchange.Chain.ExecuteAsync(exchange.Operator, vault, ContractArtifact.Vault.Encode("pause"));
        await exchange.Chain.ExecuteAsync(exchange.Resolver, decided.Address, MarketContract.Resolve(1));
        // The relayer does nothing from here on.
        await exchange.Chain.RequestAsync("evm_setAutomine", true);
        var asked = await exchange.NowAsync();
        var (early, first) = await LeaveAsync(exchange, packages);
        Assert.Equal(1, early);
        Assert.Equal(6, first.GetProperty("leaving").GetArrayLength());
        Assert.Equal("20.0", first.GetProperty("usdcAfter").GetString());

        await exchange.Chain.MineAsync((int)delay.Blocks);
        await exchange.MineAtAsync(await exchange.NowAsync() + delay.Seconds);
        var (late, done) = await LeaveAsync(exchange, packages);

        Assert.Equal(0, late);
        Assert.Empty(done.GetProperty("leaving").EnumerateArray());
        // 100 paid in; all sets of the open market merged, and of the decided one the winning shares redeemed, less 2 % of 10.
        Assert.Equal(Exchange.Micros(99.8m), await exchange.MicrosOfAsync(user.Address));
        Assert.InRange(await exchange.NowAsync() - asked, delay.Seconds, delay.Seconds + 300);
    }

    private async Task<(int ExitCode, JsonElement Said)> LeaveAsync(Exchange exchange, string packages)
    {
        var folder = Directory.CreateTempSubdirectory("foresight-leave-").FullName;
        try
        {
            var file = Path.Combine(folder, "key.txt");
            await File.WriteAllTextAsync(file, Keccak256.HashText(User).ToString());
            string[] arguments =
            [
                "leave",
                "--rpc",
                exchange.Chain.Endpoint.ToString(),
                "--factory",
                exchange.Factory.Address.ToString(),
                "--key-file",
                file,
            ];
            var (code, text) = await RepositoryScript.RunInAsync(packages, Path.Combine(Repository.Root, "docs", "leave.mjs"), arguments);
            output.WriteLine(text);
            return (code, JsonDocument.Parse(text.TrimEnd().Split('\n')[^1]).RootElement);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
