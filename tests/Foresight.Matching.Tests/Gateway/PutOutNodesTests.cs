using System.Net;
using Foresight.Matching.Gateway;
using Foresight.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace Foresight.Matching.Tests.Gateway;

[Trait("Category", "Trust")]
public sealed class PutOutNodesTests
{
    private static readonly IPAddress Host = IPAddress.Parse("10.0.0.1");

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void ANodeThatWasPutOut_MayComeBack_WhenItsTimeIsOver()
    {
        var nodes = new PutOutNodes(_clock);
        Assert.Equal(_clock.GetUtcNow() + PutOutNodes.Duration, nodes.Add("api-1", Host, PutOutReasons.BadSignature).Until);
        _clock.Advance(PutOutNodes.Duration - TimeSpan.FromSeconds(1));
        Assert.True(nodes.Contains("api-1", Host));
        Assert.False(nodes.Contains("api-2", Host));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(nodes.Contains("api-1", Host));
        Assert.True(nodes.IsEmpty);
    }

    [Fact]
    public void ASecondOffence_BeginsTheTimeAnew()
    {
        var nodes = new PutOutNodes(_clock);
        nodes.Add("api-1", Host, PutOutReasons.BadSignature);
        _clock.Advance(PutOutNodes.Duration / 2);
        nodes.Add("api-1", Host, PutOutReasons.WrongCommand);
        _clock.Advance(PutOutNodes.Duration / 2);
        Assert.Equal(PutOutReasons.WrongCommand, Assert.Single(nodes.Current()).Reason);
    }

    [Fact]
    public void HoweverManyNamesAreTaken_TheTableIsBounded_AndForgetsTheOldest()
    {
        var nodes = new PutOutNodes(_clock);
        for (var i = 0; i <= PutOutNodes.Maximum; i++)
        {
            nodes.Add($"n{i}", Host, PutOutReasons.BadSignature);
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(PutOutNodes.Maximum, nodes.Current().Count);
        Assert.False(nodes.Contains("n0", Host));
        Assert.True(nodes.Contains($"n{PutOutNodes.Maximum}", Host));
    }

    [Fact]
    public void ANameThatAnIntruderTakes_IsPutOut_AtTheHostOfTheIntruderOnly()
    {
        var intruder = IPAddress.Parse("10.0.0.66");
        var nodes = new PutOutNodes(_clock);
        Assert.Equal("10.0.0.66", nodes.Add("settler", intruder, PutOutReasons.BadSignature).Host);
        Assert.True(nodes.Contains("settler", IPAddress.Parse("10.0.0.66")));
        Assert.False(nodes.Contains("settler", Host));
    }
}
