using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Foresight.Cluster.Health;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Health;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Foresight.Cluster.Tests.Health;

public sealed class ChainWatchTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public void Dispose() => _services.Dispose();

    [Fact]
    public async Task WithEveryEndpointWell_TheChainIsHealthy() =>
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(Well("rpc-1"), Well("rpc-2"))).Status);

    [Fact]
    public async Task AnEndpointThatLagsOrFails_DegradesTheNode_AndItsErrorIsNotShown()
    {
        var result = await CheckAsync(Well("rpc-1"), Well("rpc-2") with { IsWell = false, Behind = 9 }, Failed("rpc-3"));
        Assert.Equal((HealthStatus.Degraded, "not in use: rpc-2 is 9 blocks behind; rpc-3 fails"), (result.Status, result.Description));
    }

    /// <summary>Orders are accepted and matched without the chain, so its loss does not take a node out of service.</summary>
    [Fact]
    public async Task WithoutAnyEndpoint_TheNodeIsDegraded_AndNotOut()
    {
        var result = await CheckAsync(Failed("rpc-1"));
        Assert.Equal((HealthStatus.Degraded, "no endpoint of the chain is well: rpc-1 fails"), (result.Status, result.Description));
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task EndpointThatIsOut_KeepsItsStart_UntilItIsBack()
    {
        var (clock, start) = (new FakeTimeProvider(DateTimeOffset.UnixEpoch), DateTimeOffset.UnixEpoch);
        var rounds = Channel.CreateUnbounded<ChainEndpointView>();
        var (state, begun) = (Well("rpc-1"), 0);
        using var watch = new ChainWatch(
            new ChainEndpoints(
                async stopping =>
                {
                    Interlocked.Increment(ref begun);
                    state = await rounds.Reader.ReadAsync(stopping);
                },
                () => [state]
            ),
            _services.GetRequiredService<IMeterFactory>(),
            clock,
            NullLogger<ChainWatch>.Instance
        );
        await watch.StartAsync(CancellationToken.None);
        rounds.Writer.TryWrite(Failed("rpc-1"));
        await Eventually.TrueAsync("it is out", Eventually.Patience, () => Since() is not null);
        Assert.Equal(start, Since());
        await EndRoundAsync();

        rounds.Writer.TryWrite(Failed("rpc-1"));
        await EndRoundAsync();
        Assert.Equal(start, Since());

        rounds.Writer.TryWrite(Well("rpc-1"));
        await EndRoundAsync();
        Assert.Null(Since());

        var again = clock.GetUtcNow();
        rounds.Writer.TryWrite(Failed("rpc-1"));
        await EndRoundAsync();
        Assert.InRange(Since()!.Value, again, clock.GetUtcNow());
        await watch.StopAsync(CancellationToken.None);

        // The next round begins once this one is over and the pause between them has passed.
        Task EndRoundAsync()
        {
            var before = Volatile.Read(ref begun);
            return Eventually.TrueAsync(
                "the next round begins",
                Eventually.Patience,
                () =>
                {
                    clock.Advance(TimeSpan.FromSeconds(1));
                    return Volatile.Read(ref begun) > before;
                }
            );
        }

        DateTimeOffset? Since() => Assert.Single(watch.Endpoints).OutSince;
    }

    private async Task<HealthCheckResult> CheckAsync(params ChainEndpointView[] endpoints)
    {
        using var watch = new ChainWatch(
            new ChainEndpoints(_ => Task.CompletedTask, () => endpoints),
            _services.GetRequiredService<IMeterFactory>(),
            TimeProvider.System,
            NullLogger<ChainWatch>.Instance
        );
        return await watch.CheckHealthAsync(new HealthCheckContext());
    }

    private static ChainEndpointView Well(string name) => new(name, IsWell: true, Head: 100, Behind: 0, Error: null);

    private static ChainEndpointView Failed(string name) => new(name, IsWell: false, Head: null, Behind: null, "host-of-ours refused");
}
