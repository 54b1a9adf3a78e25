using Foresight.Console.Api;
using Foresight.Console.Live;
using Foresight.Console.Problems;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http;

namespace Foresight.Console.Tests.Live;

/// <summary>Data that is no longer current must be marked as old, whichever part of the system is down.</summary>
public sealed class OperationsFeedTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Earlier = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private FakeApi _api = null!;
    private OperationsFeed _feed = null!;
    private (SourceView Redis, SourceView Postgres) _sources;
    private bool _isDown;

    public async Task InitializeAsync()
    {
        _api = await FakeApi.StartAsync(context =>
            _isDown ? FakeApi.ProblemAsync(context, 503, ProblemCodes.Unavailable) : context.Response.WriteAsJsonAsync(Answer())
        );
        var credential = new OperatorCredential();
        credential.Use("Ada", () => FakeApi.Key);
        _feed = new OperationsFeed(
            new ForesightApiClient(new Clients(), new ApiAddresses([_api.Address]), credential),
            new ThroughputHistory(),
            new ServerHistory(),
            new ProblemMemory(),
            TimeProvider.System
        );
    }

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Fact]
    public async Task WithoutRedis_NodesAndLeasesAreOld_AndTermsAreNot()
    {
        _sources = (Down, Up);
        await _feed.StepAsync(CancellationToken.None);
        Assert.Equal(
            (true, Earlier, false, false),
            (_feed.Leases.IsStale, _feed.Leases.ReadAt!.Value, _feed.Terms.IsStale, _feed.Cluster.IsStale)
        );
    }

    [Fact]
    public async Task WithoutPostgres_TermsAndFailoversAreOld_AndLeasesAreNot()
    {
        _sources = (Up, Down);
        await _feed.StepAsync(CancellationToken.None);
        Assert.Equal((false, true, Earlier), (_feed.Leases.IsStale, _feed.Terms.IsStale, _feed.Terms.ReadAt!.Value));
        Assert.Contains(_feed.Terms, _feed.Parts);
    }

    [Fact]
    public async Task WithoutAnApi_EverythingIsOld_SinceItWasRead()
    {
        _sources = (Up, Up);
        await _feed.StepAsync(CancellationToken.None);
        Assert.DoesNotContain(true, new[] { _feed.Cluster.IsStale, _feed.Leases.IsStale, _feed.Terms.IsStale });
        var read = _feed.Leases.ReadAt;

        _isDown = true;
        await _feed.StepAsync(CancellationToken.None);
        Assert.All(_feed.Parts, part => Assert.True(part.IsStale));
        Assert.Equal((read, read), (_feed.Leases.ReadAt, _feed.Terms.ReadAt));
    }

    private static SourceView Up => new(SourceView.Up, DateTimeOffset.UtcNow);

    private static SourceView Down => new(SourceView.Down, Earlier);

    private AdminOverview Answer() =>
        new(
            DateTimeOffset.UtcNow,
            new ClusterStatus(false, null, [], [], [], [], _sources.Redis, _sources.Postgres),
            Database: null,
            Reconciliation: null,
            Settlement: null,
            Throughput: null,
            new Dictionary<string, string>()
        );

    private sealed class Clients : IHttpClientFactory
    {
        public HttpClient CreateClient(string name) => new() { Timeout = ForesightApiClient.TryTimeout };
    }
}
