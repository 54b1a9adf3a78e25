using System.Text.Json;
using System.Text.RegularExpressions;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Foresight.Simulator.Traders;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
public sealed partial class WalletTests(StackFixture stack)
{
    private static readonly TimeSpan SettlementDeadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task OrderSignedWithEthers_IsMatchedAndSettlesOnChain()
    {
        await stack.WaitUntilTradingAsync();
        var (seller, buyer) = (stack.Traders[0], stack.Traders[1]);
        var resting = await PlaceWithEthersAsync(seller, isBuy: false, "970000");
        Assert.Equal("open", resting.GetProperty("status").GetString());
        var taking = await PlaceWithEthersAsync(buyer, isBuy: true, "980000");
        Assert.Equal("filled", taking.GetProperty("status").GetString());
        var fill = taking.GetProperty("fills").EnumerateArray().Single();
        Assert.Equal("0.97", fill.GetProperty("price").GetString());

        var tradeId = fill.GetProperty("tradeId").GetInt64();
        var trade = await Eventually.GetAsync(
            $"trade {tradeId} to become final",
            SettlementDeadline,
            async () =>
            {
                var page = await stack.Api.GetAsync<Page<TradeView>>($"trades?account={buyer.Address}&limit=50", CancellationToken.None);
                return page!.Items.SingleOrDefault(t => t.TradeId == tradeId && t.Settlement is "final" or "failed");
            }
        );
        Assert.Equal(("final", "direct", "3", null), (trade.Settlement, trade.Kind, trade.Amount, trade.SettlementReason));
        Assert.Matches("^0x[0-9a-f]{64}$", trade.TransactionHash);
        Assert.NotNull(trade.BlockNumber);
    }

    [Fact]
    public async Task SnippetOfTheReadme_PlacesAnOrder()
    {
        await stack.WaitUntilTradingAsync();
        var readme = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "README.md"));
        var snippet = JavaScriptBlock().Match(readme).Groups[1].Value;
        Assert.Contains("signTypedData", snippet, StringComparison.Ordinal);

        // Beside node_modules, so that a plain import resolves as it does for a reader.
        var file = Path.Combine(stack.Npm.Folder, $"readme-{Guid.NewGuid():N}.mjs");
        await File.WriteAllTextAsync(file, snippet);
        try
        {
            var environment = new Dictionary<string, string> { ["API_URL"] = stack.ApiUrl(1).TrimEnd('/') };
            var (exitCode, printed) = await NodeScript.RunAsync(file, environment, TimeSpan.FromSeconds(30));
            Assert.True(exitCode == 0 && printed.StartsWith("201 ", StringComparison.Ordinal), printed);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<JsonElement> PlaceWithEthersAsync(Trader trader, bool isBuy, string price)
    {
        var order = new
        {
            outcomeIndex = 0,
            isBuy,
            price,
            amount = "3000000000000000000",
            salt = trader.NextSalt().ToString(),
            expiry = "0",
        };
        await using var script = NodeScript.Start(
            NodeScript.InScripts("place-order.mjs"),
            new Dictionary<string, string>
            {
                ["NPM_FOLDER"] = stack.Npm.Folder,
                ["API_URL"] = stack.ApiUrl(1),
                ["KEY"] = stack.KeyOf(trader),
                ["ORDER"] = JsonSerializer.Serialize(new { market = stack.Markets[1].Address, order }),
            }
        );
        var answer = await script.WaitForAsync("the Api's answer", TimeSpan.FromSeconds(20), line => NodeScript.IsKind(line, "answer"));
        Assert.True(answer.GetProperty("status").GetInt32() == 201, answer.ToString());
        var body = answer.GetProperty("body");
        Assert.Equal(answer.GetProperty("expectedId").GetString(), body.GetProperty("orderId").GetString());
        return body;
    }

    [GeneratedRegex("```js\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex JavaScriptBlock();
}
