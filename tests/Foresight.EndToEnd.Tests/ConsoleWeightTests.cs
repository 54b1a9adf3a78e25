using Foresight.EndToEnd.Tests.Stack;
using Microsoft.Playwright;
using Xunit.Abstractions;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>
/// Of the published console, because a build that is not published sends the component library's sheet uncompressed.
/// </summary>
[Trait("Category", "Console")]
[Collection(ConsoleCollection.Name)]
public sealed class ConsoleWeightTests(ConsoleFixture stack, ITestOutputHelper output) : IAsyncLifetime
{
    private const double MostBytes = 400_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("foresight-console-");

    public Task InitializeAsync() => Publication.MakeAsync("Foresight.Console", _folder.FullName);

    public Task DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task FirstLoad_FromSignInToOverview_IsBelow400KB()
    {
        await stack.WaitUntilTradingAsync();
        var settings = new Dictionary<string, string?>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["DOTNET_ENVIRONMENT"] = "Production",
            ["API_1_HTTP"] = stack.ApiUrl(1),
            ["services:api-1:http:0"] = stack.ApiUrl(1),
        };
        await using var console = new NodeProcess(
            "console-published",
            new(Path.Combine(_folder.FullName, "Foresight.Console.dll")),
            settings
        );
        await Eventually.TrueAsync($"the console listens\n{console.Output}", Eventually.Patience, () => console.ListeningAt is not null);
        await using var browser = await ConsoleBrowser.StartAsync(console.ListeningAt!);
        var page = await browser.EmptyPageAsync();
        var weights = await WeighAsync(page);

        await page.GotoAsync("/");
        await ConsoleBrowser.FillInAsync(page, "Ada Lovelace", stack.AdminKey);
        await Expect(page.GetByTestId("leader")).ToBeVisibleAsync(new() { Timeout = (float)Eventually.Patience.TotalMilliseconds });
        await page.EvaluateAsync("document.fonts.ready");

        foreach (var (address, bytes) in weights.OrderByDescending(one => one.Value))
            output.WriteLine($"{bytes, 8:0}  {address}");
        output.WriteLine($"{weights.Values.Sum(), 8:0}  all");
        Assert.Contains(weights, one => one.Key.Contains("MudBlazor", StringComparison.Ordinal) && one.Value > 0);
        Assert.InRange(weights.Values.Sum(), 1, MostBytes);
    }

    /// <returns>Bytes by address, as they came over the wire, headers included.</returns>
    private static async Task<IReadOnlyDictionary<string, double>> WeighAsync(IPage page)
    {
        var network = await page.Context.NewCDPSessionAsync(page);
        var addresses = new Dictionary<string, string>();
        var weights = new Dictionary<string, double>();
        network.Event("Network.requestWillBeSent").OnEvent += (_, sent) =>
            addresses[Of(sent, "requestId")] = sent!.Value.GetProperty("request").GetProperty("url").GetString()!;
        network.Event("Network.loadingFinished").OnEvent += (_, ended) =>
        {
            var address = addresses.GetValueOrDefault(Of(ended, "requestId"), "unknown");
            weights[address] = weights.GetValueOrDefault(address) + ended!.Value.GetProperty("encodedDataLength").GetDouble();
        };
        await network.SendAsync("Network.enable");
        return weights;

        static string Of(System.Text.Json.JsonElement? @event, string name) => @event!.Value.GetProperty(name).GetString()!;
    }
}
