using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.ServiceDefaults.Tests.Postgres;

public sealed class ServerTests : IAsyncDisposable
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1");
    private readonly Server _replica;

    public ServerTests() => _replica = new Server("replica-1", isPrimary: false, weight: 1, _source, () => "127.0.0.1:1");

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    [Fact]
    public void AReplica_ServesNothingBeforeItsFirstGoodCheck_AndAPrimaryDoes()
    {
        Assert.False(_replica.IsHealthy);
        Assert.True(new Server("primary", isPrimary: true, weight: 0, _source, () => "127.0.0.1:1").IsHealthy);
        Assert.True(Succeed());
        Assert.True(_replica.IsHealthy);
    }

    [Fact]
    public void ThreeFailuresInARow_TakeItOut_AndOneSuccessBringsItBack()
    {
        Succeed();
        Assert.False(Fail());
        Assert.False(Fail());
        Assert.False(Succeed());
        Assert.False(Fail());
        Assert.False(Fail());
        Assert.True(_replica.IsHealthy);
        Assert.True(Fail());
        Assert.False(_replica.IsHealthy);
        Assert.False(Fail());
        Assert.Equal(4, _replica.View().ConsecutiveFailures);

        Assert.True(Succeed());
        Assert.True(_replica.IsHealthy);
        Assert.Equal(0, _replica.View().ConsecutiveFailures);
    }

    [Fact]
    [Trait("Category", "Console")]
    public void FailingSince_IsTheFirstOfTheFailures_AndEndsWithThem()
    {
        Succeed();
        _replica.CheckFailed("refused", Now.AddSeconds(1));
        _replica.CheckFailed("refused", Now.AddSeconds(2));
        Assert.Equal(Now.AddSeconds(1), _replica.View().FailingSince);
        _replica.Answered();
        Assert.Null(_replica.View().FailingSince);

        Check(tooFar: true, 5);
        Check(tooFar: true, 6);
        _replica.CheckFailed("refused", Now.AddSeconds(7));
        Assert.Equal(Now.AddSeconds(5), _replica.View().FailingSince);
        Check(tooFar: false, 8);
        Assert.Null(_replica.View().FailingSince);

        void Check(bool tooFar, int at) => _replica.CheckSucceeded(1, 1, TimeSpan.Zero, TimeSpan.Zero, tooFar, Now.AddSeconds(at));
    }

    /// <summary>Between two checks, which are half a minute apart: reads go elsewhere within a second.</summary>
    [Fact]
    [Trait("Category", "Console")]
    public void LagBetweenTwoChecks_TakesAReplicaOut_AndBringsItBack()
    {
        Assert.False(Measure(20, tooFar: true));
        Succeed();
        Assert.False(Measure(3, tooFar: false));
        Assert.Equal((3.0, 30L, null), (_replica.View().LagSeconds, _replica.View().LagBytes, _replica.View().FailingSince));
        Assert.True(Measure(20, tooFar: true));
        Assert.False(_replica.IsHealthy);
        Assert.False(Measure(21, tooFar: true));
        Assert.Equal(Now.AddSeconds(20), _replica.View().FailingSince);
        Assert.True(Measure(0, tooFar: false));
        Assert.Equal((true, null, null), (_replica.IsHealthy, _replica.View().Error, _replica.View().FailingSince));

        for (var i = 0; i < PostgresOptions.FailuresBeforeOut; i++)
            Fail();
        Assert.False(Measure(0, tooFar: false));
        Assert.False(_replica.IsHealthy);

        bool Measure(int seconds, bool tooFar) =>
            _replica.Measured(1, 10 * seconds, TimeSpan.FromSeconds(seconds), tooFar, Now.AddSeconds(seconds));
    }

    [Fact]
    public void ASilentOne_IsPassedOver_AndAnAnswerEndsThat_UnlessItIsOut()
    {
        Succeed();
        _replica.WasSilent();
        Assert.False(Fail());
        Assert.Equal((true, false), (_replica.IsHealthy, _replica.IsFit));
        Assert.False(_replica.Answered());
        Assert.Equal((true, 0), (_replica.IsFit, _replica.View().ConsecutiveFailures));

        for (var i = 0; i < PostgresOptions.FailuresBeforeOut; i++)
            Fail();
        Assert.True(_replica.Answered());
        Assert.False(_replica.IsFit);
    }

    [Fact]
    public void OneThatFellBehind_IsOutAtOnce_AndSaysWhy()
    {
        Succeed();
        Assert.True(Succeed(tooFarBehind: true));
        Assert.False(_replica.IsHealthy);
        Assert.Equal("too far behind the primary", _replica.View().Error);
        Assert.False(Succeed(tooFarBehind: true));
        Assert.True(Succeed());
    }

    [Fact]
    public void ALagThatCannotBeMeasured_IsUnknown_AndWhatWasReplayedStays()
    {
        Succeed(replayed: 500, behind: 12);
        Assert.Equal(12, _replica.LagBytes);
        Fail();
        Assert.Null(_replica.LagBytes);
        Succeed(replayed: 400);
        _replica.NoteReplayed(450);
        Assert.Equal(500ul, _replica.Replayed);
        _replica.NoteReplayed(501);
        Assert.Equal(501ul, _replica.Replayed);
    }

    private bool Succeed(ulong replayed = 1, long behind = 0, bool tooFarBehind = false) =>
        _replica.CheckSucceeded(replayed, behind, TimeSpan.Zero, TimeSpan.Zero, tooFarBehind, Now);

    private bool Fail() => _replica.CheckFailed("no answer in time", Now);
}
