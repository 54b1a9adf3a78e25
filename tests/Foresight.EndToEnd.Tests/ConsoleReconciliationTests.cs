using System.Net.Http.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
public sealed class ConsoleReconciliationTests(StackFixture stack) : IAsyncLifetime
{
    private const string Note = "Filled by the maker's own bot; confirmed by telephone, nothing to correct.";

    private static readonly TimeSpan ChainDeadline = TimeSpan.FromSeconds(30);

    private ConsoleBrowser _browser = null!;

    public async Task InitializeAsync() => _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    [Fact]
    public async Task FillBehindTheRelayersBack_IsFound_IsResolvedWithANote_AndStaysResolvedAfterARestart()
    {
        await stack.WaitUntilTradingAsync();
        var transaction = await DirectFill.MakeAsync(
            stack.Chain,
            stack.Venue.ChainId,
            stack.Markets[0],
            maker: stack.Traders[1],
            taker: stack.Traders[3]
        );

        var page = await _browser.SignInAsync("Ada", stack.AdminKey);
        await page.GotoAsync("/reconciliation?state=unresolved&kind=missing_offchain");
        var row = page.GetByTestId("discrepancies").GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByTitle(transaction) });
        await ConsoleBrowser.RunUntilItAppearsAsync(page, row);

        // A dry run changes nothing, so the discrepancy is still there afterwards.
        await page.GetByTestId("run-note").FillAsync("What would be repaired?");
        await page.GetByTestId("dry-run").ClickAsync();
        await Expect(page.GetByTestId("repairs")).ToContainTextAsync($"missing_offchain:{transaction}");
        await row.GetByTestId("select").CheckAsync();
        var bulk = page.GetByTestId("bulk");
        await bulk.GetByLabel("What to do with them").SelectOptionAsync("acknowledge");
        await bulk.GetByTestId("bulk-note").FillAsync("Being looked at.");
        await bulk.GetByTestId("bulk-apply").ClickAsync();
        await page.GetByTestId("bulk-confirm").ClickAsync();
        await Expect(row).ToContainTextAsync("acknowledged");
        var export = await page.RunAndWaitForDownloadAsync(() =>
            page.Locator("[data-testid=export-csv][href*='/export/discrepancies']").ClickAsync()
        );
        Assert.Contains(transaction, await File.ReadAllTextAsync(await export.PathAsync()), StringComparison.Ordinal);

        await row.GetByTestId("discrepancy-link").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "missing_offchain" })).ToBeVisibleAsync();
        await Expect(page.GetByText("The journal knows nothing of it.")).ToBeVisibleAsync();

        // What was decided about many can still be undone when the operator comes back to the list.
        await page.GetByRole(AriaRole.Link, new() { Name = "Reconciliation" }).Last.ClickAsync();
        await page.GetByTestId("bulk-undo").GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(row).ToContainTextAsync("reopened");
        await row.GetByTestId("discrepancy-link").ClickAsync();
        await Expect(page.Locator(".trail")).ToContainTextAsync("Undone: Being looked at.");

        await Expect(page.GetByTestId("take")).ToBeDisabledAsync();
        await page.GetByTestId("decision-note").FillAsync("Ada has the maker's number.");
        await page.GetByTestId("take").ClickAsync();
        await Expect(page.Locator(".trail")).ToContainTextAsync("From nobody to Ada. Ada has the maker's number.");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Reconciliation" }).Last)
            .ToHaveAttributeAsync("href", "/reconciliation?state=unresolved&kind=missing_offchain");

        // The audit trail must show a reason, so a decision without one is not possible.
        await Expect(page.GetByTestId("resolve")).ToBeDisabledAsync();
        await page.GetByTestId("decision-note").FillAsync(Note);
        await page.GetByTestId("resolve").ClickAsync();
        await Expect(page.GetByTestId("note")).ToHaveTextAsync(Note);
        await AssertResolvedAsync(page);

        await RestartAsync();
        await stack.WaitUntilTradingAsync();
        await RunOnceMoreAsync();

        var later = await _browser.SignInAsync("Grace", stack.AdminKey);
        await later.GotoAsync(page.Url);
        await AssertResolvedAsync(later);
        var maker = stack.Traders[1].Address.ToString();
        await later.GotoAsync($"/lookup?q={transaction}");
        await Expect(later.Locator($"main [role=option][href='/accounts/{maker}']")).ToContainTextAsync($"by transaction {transaction}");

        // The ticket survives the console, so the session from before the restart still works.
        await page.GotoAsync(page.Url);
        await AssertResolvedAsync(page);
    }

    private static async Task AssertResolvedAsync(IPage page)
    {
        await Expect(page.Locator(".page-head").GetByText("resolved", new() { Exact = true })).ToBeVisibleAsync();
        var history = page.Locator(".trail");
        await Expect(history).ToContainTextAsync(Note);
        await Expect(history).ToContainTextAsync("Ada");
    }

    private async Task RestartAsync()
    {
        var status = await stack.GetAsAdminAsync<ClusterStatus>("cluster/status");
        foreach (var node in status.Nodes.Where(node => node.Kind == "matching"))
        {
            await stack.App.ResourceCommands.ExecuteCommandAsync(node.NodeId, KnownResourceCommands.StopCommand);
            await stack.BringBackAsync(node.NodeId);
        }

        foreach (var resource in (string[])["api-1", "api-2", "console"])
        {
            await stack.App.StopServerAsync(resource);
            await stack.App.StartServerAsync(resource);
        }
    }

    /// <summary>A run of the new processes over the same and later blocks must not reopen the discrepancy.</summary>
    private async Task RunOnceMoreAsync()
    {
        var last = (await stack.GetAsAdminAsync<ReconciliationStatus>("reconciliation/status")).LastRun!.Id;
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(stack.ApiUrl(1)), "reconciliation/trigger"));
        request.Headers.Authorization = new("Bearer", stack.AdminKey);
        request.Content = JsonContent.Create(new TriggerRequest("After the restart."));
        using var response = await stack.Http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        await Eventually.TrueAsync(
            "a run after the restart",
            ChainDeadline,
            async () =>
                (await stack.GetAsAdminAsync<ReconciliationStatus>("reconciliation/status")).LastRun is { State: "succeeded" } run
                && run.Id > last
        );
    }
}
