using System.Text.Json;
using Aspire.Hosting.Testing;
using Foresight.Chain;
using Foresight.Client;
using Foresight.Client.Vault;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Foresight.Simulator.Traders;

namespace Foresight.EndToEnd.Tests;

/// <summary>Both client packages, each on one side of a firm trade: what they pay in trades, settles, and comes out again.</summary>
[Collection(FirmCollection.Name)]
[Trait("Category", "Firm")]
public sealed class ClientPackageTests(FirmFixture stack)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task MoneyOfBothClients_MeetsInAFirmTrade_AndLeavesAtOnceOrByRequest()
    {
        await stack.WaitUntilTradingAsync();
        using var deadline = new CancellationTokenSource(Bound);
        var (market, seller, buyer) = (stack.Markets[2], stack.Traders[3], stack.Traders[5]);
        var packages = await PackedAsync();
        try
        {
            var vault = new VaultClient(stack.Chain, stack.Venue, seller.Key);
            var shares = VaultAsset.Shares(market.Id, Address.Parse(market.Address), outcome: 0);
            await vault.DepositAsync(shares, 10m, deadline.Token);
            var sell = stack.Signer.Sign(
                seller.Key,
                new OrderTerms(market.Address, Outcome: 0, IsBuy: false, Price: 0.4m, Amount: 10m) { Purse = Purses.Vault }
            );
            await SeenAsync(seller, shares, "10", deadline.Token);
            Assert.Equal("open", Assert.IsType<PlaceOutcome.Acknowledged>(await stack.Api.PlaceAsync(sell, deadline.Token)).Status);

            await using var script = NodeScript.Start(
                NodeScript.InScripts("firm-client.mjs"),
                new Dictionary<string, string>
                {
                    ["PACKAGES"] = packages,
                    ["API_URL"] = stack.ApiUrl(2),
                    ["RPC_URL"] = stack.App.GetEndpoint("chain").ToString(),
                    ["KEY"] = stack.KeyOf(buyer),
                    ["TERMS"] = JsonSerializer.Serialize(
                        new
                        {
                            market = new { id = market.Id, address = market.Address },
                            outcome = 0,
                            isBuy = true,
                            price = "0.4",
                            amount = "10",
                            deposit = "50",
                            withdrawNow = "6",
                            request = "1000",
                        },
                        JsonSerializerOptions.Web
                    ),
                }
            );
            var placed = await script.WaitForAsync("the order's answer", Bound, line => NodeScript.IsKind(line, "placed"));
            var fill = Assert.Single(placed.GetProperty("order").GetProperty("fills").EnumerateArray());
            await script.WaitForAsync("the withdrawal", Bound, line => NodeScript.IsKind(line, "withdrawn"));
            await script.WaitForAsync("the request", Bound, line => NodeScript.IsKind(line, "requested"));
            foreach (
                var state in new[]
                {
                    WithdrawalStates.Granted,
                    WithdrawalStates.CoSigned,
                    WithdrawalStates.Paying,
                    WithdrawalStates.Leaving,
                }
            )
                await script.WaitForAsync(
                    $"the message {state}",
                    Bound,
                    line => NodeScript.IsKind(line, "update") && line.GetProperty("update").GetProperty("state").GetString() == state
                );
            var trade = await stack.TradeInStateAsync(fill.GetProperty("tradeId").GetInt64(), TradeStates.Final);
            Assert.True(trade.Firm);
            var left = await PurseOfAsync(buyer);
            Assert.Equal((0m, 40m), (left.Free, left.Leaving));
            await new VaultClient(stack.Chain, stack.Venue, buyer.Key).CancelWithdrawalAsync(VaultAsset.Usdc, deadline.Token);
            Assert.Equal(40m, (await PurseOfAsync(buyer)).Free);

            await SeenAsync(seller, VaultAsset.Usdc, "4", deadline.Token);
            await vault.WithdrawNowAsync(stack.Api, VaultAsset.Usdc, 4m, validFor: TimeSpan.FromMinutes(5), stop: deadline.Token);
            Assert.Equal(new PurseState(0, 0, null, null), await vault.PurseAsync(VaultAsset.Usdc, deadline.Token));
        }
        finally
        {
            Directory.Delete(packages, recursive: true);
        }
    }

    /// <summary>What is in the vault counts some blocks later.</summary>
    private Task SeenAsync(Trader trader, VaultAsset asset, string available, CancellationToken stop) =>
        Eventually.TrueAsync(
            $"the exchange has seen {available} of {asset.Name} in the vault",
            Eventually.Patience,
            async () =>
                (await stack.Api.AccountAsync(trader.Address.ToString(), stop))!.Vault is { } purses
                && purses.Any(purse => purse.Asset == asset.Name && purse.Available == available)
        );

    private async Task<PurseState> PurseOfAsync(Trader trader) =>
        await new VaultClient(stack.Chain, stack.Venue, trader.Key).PurseAsync(VaultAsset.Usdc);

    /// <summary>A folder outside the repository, with the packed file, ethers and SignalR's client alone.</summary>
    private static async Task<string> PackedAsync()
    {
        var project = await NpmProject.InstalledAsync("clients/typescript");
        var folder = Directory.CreateTempSubdirectory("foresight-client-").FullName;
        await NpmProject.RunAsync(project, "pack", "--pack-destination", folder, "--loglevel=error");
        await File.WriteAllTextAsync(Path.Combine(folder, "package.json"), """{ "private": true }""");
        var packed = Assert.Single(Directory.GetFiles(folder, "*.tgz"));
        await NpmProject.RunAsync(
            folder,
            "install",
            packed,
            "ethers@6.17.0",
            "@microsoft/signalr@10.0.11",
            "--no-audit",
            "--no-fund",
            "--loglevel=error"
        );
        return folder;
    }
}
