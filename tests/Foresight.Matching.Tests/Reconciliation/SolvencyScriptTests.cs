using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.AppHost.Programs;
using Foresight.Chain.Contracts;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Firm;
using Foresight.Matching.Tests.Settlement;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Reconciliation;

/// <summary>
/// docs/solvency.mjs, with ethers alone: what the relayer published is what the chain has, and whatever is falsified is seen.
/// </summary>
[Collection(VaultChainCollection.Name)]
[Trait("Category", "Firm")]
public sealed class SolvencyScriptTests(ChainFixture fixture, ITestOutputHelper output)
{
    private const long Usdc = VaultRuns.Usdc;

    private static readonly SettlementOptions Options = new() { BatchAge = TimeSpan.Zero, Confirmations = 2 };

    [Fact]
    public async Task PublishedTotals_AreThoseOfTheChain_AndNoFalsificationPasses()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 100));
        await venue.Live.SendAsync(bob, venue.Venue.Deployment.OutcomeToken, venue.DepositOfShares(bob, outcome: 0, shares: 50));
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.RequestWithdrawal(VaultContract.Usdc, 100 * Usdc));
        await venue.Live.ConfirmAsync();
        await venue.PlaceAsync(bob, isBuy: false, ticks: 5_000, lots: 100, PurseChoice.Vault);
        var trade = (await venue.PlaceAsync(eve, isBuy: true, 5_000, 100, PurseChoice.Vault)).TradeId;
        Assert.Equal("final", await venue.EndOfAsync(venue.Venue.NewSubmitter(), trade));
        await venue.ReconcileAsync();
        var published = await venue.TotalsAsync();
        // The chain goes on: what was published is of its own block.
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.Deposit(10 * Usdc));

        var (code, said) = await RunAsync(venue, published, "--blocks", "7", "--from-block", $"{venue.Venue.Deployment.DeployedBlock}");
        Assert.Equal(0, code);
        Assert.True(said.GetProperty("holds").GetBoolean());
        Assert.True(said.GetProperty("compared").GetBoolean());
        Assert.Equal(2, said.GetProperty("accounts").GetInt32());
        var usdc = said.GetProperty("rows")[0];
        Assert.Equal(("1100.0", "100.0", "0.0"), (Text(usdc, "held"), Text(usdc, "leaving"), Text(usdc, "difference")));
        // 1,000 less 100 that leave, and bob's 0.50 for each of the 1.00 shares that eve paid him.
        Assert.Equal(("900.0", "-100.0"), (Text(usdc, "free"), Text(usdc, "sets")));

        var (byRoute, same) = await RunByRouteAsync(venue, published);
        Assert.Equal((0, true), (byRoute, same.GetProperty("compared").GetBoolean()));

        foreach (
            var (name, falsify) in new (string, Action<JsonNode>)[]
            {
                ("USDC free", totals => totals["usdc"]!["free"] = "900000001"),
                ("USDC held", totals => totals["usdc"]!["held"] = "1"),
                ("sets", totals => totals["markets"]![0]!["sets"] = "0"),
                (":1 leaving", totals => totals["markets"]![0]!["outcomes"]![1]!["leaving"] = "1"),
                ("accounts", totals => totals["accounts"] = 3),
                ("sets inside", totals => totals["markets"]!.AsArray().Clear()),
                ("block", totals => totals["blockHash"] = "0x" + new string('1', 64)),
            }
        )
        {
            var falsified = JsonNode.Parse(published)!;
            falsify(falsified);
            var (refused, why) = await RunAsync(venue, falsified.ToJsonString());
            Assert.True(refused == 1, $"{name}: {refused}");
            Assert.Contains(
                why.GetProperty("differences").EnumerateArray(),
                one => one.GetString()!.Contains(name, StringComparison.Ordinal)
            );
        }

        // One micro-USDC more than it owes is no error, and one less is.
        await venue.Live.SendAsync(eve, venue.Venue.Deployment.Usdc, UsdcContract.Transfer(venue.Vault, 1));
        Assert.Equal(0, (await RunAsync(venue, published: null)).Code);
        await venue.AsContractAsync(venue.Vault, venue.Venue.Deployment.Usdc, UsdcContract.Transfer(bob.Account, 2));
        var (short_, missing) = await RunAsync(venue, published: null);
        Assert.Equal(1, short_);
        Assert.Equal("-0.000001", Text(missing.GetProperty("rows")[0], "difference"));
        // The relayer publishes it as it is: the totals are the chain's, and do not hold.
        await venue.Live.ConfirmAsync();
        Assert.Equal(["vault_mismatch:USDC"], (await venue.ReconcileAsync()).Findings.Select(finding => finding.NaturalKey));
        var (still, honest) = await RunAsync(venue, await venue.TotalsAsync());
        Assert.Equal((1, 0), (still, honest.GetProperty("differences").GetArrayLength()));
    }

    [Fact]
    public async Task WhatCannotBeRead_IsNoResult()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var packages = await PackagesAsync();
        var (code, text) = await RepositoryScript.RunInAsync(
            packages,
            Script,
            ["--rpc", fixture.Rpc.ToString(), "--factory", venue.Deployment.Factory.ToString()]
        );
        Assert.Equal(2, code);
        Assert.Contains("no vault", text);

        (code, text) = await RepositoryScript.RunInAsync(
            packages,
            Script,
            ["--rpc", "http://127.0.0.1:1", "--factory", venue.Deployment.Factory.ToString()]
        );
        Assert.Equal(2, code);
        (code, text) = await RepositoryScript.RunInAsync(packages, Script, ["--rpc", fixture.Rpc.ToString()]);
        Assert.Equal(2, code);
        Assert.Contains("--factory is missing", text);
    }

    private static string Script => Path.Combine(Repository.Root, "docs", "solvency.mjs");

    private static Task<string> PackagesAsync() => ProgramFinder.Shared.RequireNpmAsync(["ethers@6.17.0"]);

    private static string? Text(JsonElement row, string name) => row.GetProperty(name).GetString();

    /// <summary>From the path at which the Api has them, as SolvencyRouteTests show.</summary>
    private async Task<(int Code, JsonElement Said)> RunByRouteAsync(FirmVenue venue, string published)
    {
        await using var api = WebApplication.Create();
        api.Urls.Add("http://127.0.0.1:0");
        api.MapGet("/chain/solvency", () => Results.Content(published, "application/json"));
        await api.StartAsync();
        return await RunAsync(venue, published: null, "--api", api.Urls.Single());
    }

    private async Task<(int Code, JsonElement Said)> RunAsync(FirmVenue venue, string? published, params string[] more)
    {
        var folder = Directory.CreateTempSubdirectory("foresight-solvency-").FullName;
        try
        {
            string[] arguments = ["--rpc", fixture.Rpc.ToString(), "--factory", venue.Venue.Deployment.Factory.ToString(), .. more];
            if (published is not null)
            {
                var file = Path.Combine(folder, "totals.json");
                await File.WriteAllTextAsync(file, published);
                arguments = [.. arguments, "--published", file];
            }

            var (code, text) = await RepositoryScript.RunInAsync(await PackagesAsync(), Script, arguments);
            output.WriteLine(text);
            return (code, JsonDocument.Parse(text.TrimEnd().Split('\n')[^1]).RootElement);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
