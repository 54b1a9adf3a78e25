using Foresight.AppHost.Drill;
using Foresight.AppHost.Native;
using Xunit;

namespace Foresight.AppHost.Tests.Drill;

public sealed class ClusterViewTests : IAsyncDisposable
{
    private const string Status = """
        {"failovers":[
          {"resource":"settlement","epoch":7,"phases":{"lease":1}},
          {"resource":"matching-engine","epoch":6,"phases":{"lease":2}},
          {"resource":"matching-engine","epoch":7,"phases":{"detected":5.5,"first_ack":320}}]}
        """;

    private readonly ApiOfTest _api = new();
    private readonly int _deadPort = FreePorts.Any();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Leader_IsAskedOfTheNextNode_WhenOneIsAway()
    {
        _api.AnswerLeader("matching-2", 7);
        Assert.Equal(new Leader("matching-2", 7, "active"), await ApiOfTest.View(_deadPort, _api.Port).LeaderAsync(default));
    }

    [Theory]
    [InlineData(200, "null")]
    [InlineData(200, "{}")]
    [InlineData(200, "<html>")]
    [InlineData(503, """{"nodeId":"matching-2","epoch":7,"state":"active"}""")]
    public async Task AnswerThatNamesNoLeader_IsNoLeader(int status, string body)
    {
        _api.Answer("/cluster/leader", body, status);
        Assert.Null(await ApiOfTest.View(_api.Port).LeaderAsync(default));
    }

    [Fact]
    public async Task Node_IsFoundByItsName()
    {
        _api.Answer(
            "/cluster/nodes",
            """[{"nodeId":"api-1","processId":11,"state":"running"},{"nodeId":"matching-1","processId":12,"state":"follower"}]"""
        );
        Assert.Equal(new Node("matching-1", 12, "follower"), await ApiOfTest.View(_api.Port).NodeAsync("matching-1", default));
        Assert.Null(await ApiOfTest.View(_api.Port).NodeAsync("matching-3", default));
        Assert.Null(await ApiOfTest.View(_deadPort).NodeAsync("matching-1", default));
    }

    [Fact]
    public async Task Phases_AreThoseOfTheMatchingEnginesEpoch()
    {
        _api.Answer("/cluster/status", Status);
        var phases = await ApiOfTest.View(_api.Port).PhasesAsync(7, default);
        Assert.Equal((2, 5.5, 320), (phases.Count, phases["detected"], phases["first_ack"]));
        Assert.Empty(await ApiOfTest.View(_api.Port).PhasesAsync(8, default));
        Assert.Empty(await ApiOfTest.View(_deadPort).PhasesAsync(7, default));
    }

    [Fact]
    public async Task Waiting_EndsWithWhatIsFound_OrWithNothingAtItsBound()
    {
        var looks = 0;
        Assert.Equal(
            "found",
            await ClusterView.UntilAsync(TimeSpan.FromSeconds(30), () => Task.FromResult(++looks == 2 ? "found" : null), default)
        );
        Assert.Equal(2, looks);
        Assert.Null(await ClusterView.UntilAsync<string>(TimeSpan.FromMilliseconds(1), () => Task.FromResult<string?>(null), default));
    }
}
