using Foresight.Console.Api;
using Foresight.Console.Live;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http;

namespace Foresight.Console.Tests.Live;

/// <summary>No part of a page shows something old without saying so, whichever part of the system is away.</summary>
public sealed class OperationsFeedTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Earlier = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private FakeApi api = null!;
    private OperationsFeed feed = null!;
    private (SourceView Redis, SourceView Postgres) sources;
    private bool isDown;

    public async Task InitializeAsync()
    {
        api = await FakeApi.StartAsync(context => isDown ? FakeApi.ProblemAsync(context, 503, ProblemCodes.Unavailable) : context.Response.WriteAsJsonAsync(Answer()));
        var credential = new OperatorCredential();
        credential.Use("Ada", () => FakeApi.Key);
        feed = new OperationsFeed(
            new ForesightApiClient(new Clients(), new ApiAddresses([api.Address]), credential), new ThroughputHistory(), new ServerHistory(), TimeProvider.System);
    }

    public async Task DisposeAsync() => await api.DisposeAsync();

    [Fact]
    public async Task WithoutRedis_NodesAndLeasesAreOld_AndTermsAreNot()
    {
        sources = (Down, Up);
        await feed.StepAsync(CancellationToken.None);
        Assert.Equal((true, Earlier, false, false), (feed.Leases.IsStale, feed.Leases.ReadAt!.Value, feed.Terms.IsStale, feed.Cluster.IsStale));
    }

    [Fact]
    public async Task WithoutPostgres_TermsAndFailoversAreOld_AndLeasesAreNot()
    {
        sources = (Up, Down);
        await feed.StepAsync(CancellationToken.None);
        Assert.Equal((false, true, Earlier), (feed.Leases.IsStale, feed.Terms.IsStale, feed.Terms.ReadAt!.Value));
        Assert.Contains(feed.Terms, feed.Parts);
    }

    [Fact]
    public async Task WithoutAnApi_EverythingIsOld_SinceItWasRead()
    {
        sources = (Up, Up);
        await feed.StepAsync(CancellationToken.None);
        Assert.DoesNotContain(true, new[] { feed.Cluster.IsStale, feed.Leases.IsStale, feed.Terms.IsStale });
        var read = feed.Leases.ReadAt;

        isDown = true;
        await feed.StepAsync(CancellationToken.None);
        Assert.All(feed.Parts, part => Assert.True(part.IsStale));
        Assert.Equal((read, read), (feed.Leases.ReadAt, feed.Terms.ReadAt));
    }

    private static SourceView Up => new(SourceView.Up, DateTimeOffset.UtcNow);

    private static SourceView Down => new(SourceView.Down, Earlier);

    private AdminOverview Answer() => new(
        DateTimeOffset.UtcNow, new ClusterStatus(false, null, [], [], [], [], sources.Redis, sources.Postgres), Database: null, Reconciliation: null, Settlement: null,
        Throughput: null, new Dictionary<string, string>());

    private sealed class Clients : IHttpClientFactory
    {
        public HttpClient CreateClient(string name) => new() { Timeout = ForesightApiClient.TryTimeout };
    }
}
