using Foresight.Matching.Gateway;

namespace Foresight.Matching.Tests.Gateway;

[Trait("Category", "Trust")]
public sealed class UnprovenPeersTests
{
    private readonly UnprovenPeers _peers = new(maximum: 3);
    private readonly List<int> _dropped = [];

    [Fact]
    public void AtTheLimit_TheOldestMakesRoom_OneForEachThatComes()
    {
        for (var i = 1; i <= 5; i++)
            Enter(i);
        Assert.Equal([1, 2], _dropped);
    }

    [Fact]
    public void APeerThatProvesItself_BeforeAsManyOthersHaveComeAsThereArePlaces_IsNotDropped()
    {
        for (var i = 1; i <= 10; i++)
            Enter(i);
        var honest = Enter(100);
        Enter(11);
        Enter(12);
        _peers.Leave(honest);
        for (var i = 13; i <= 20; i++)
            Enter(i);
        Assert.DoesNotContain(100, _dropped);
    }

    [Fact]
    public void APeerThatLeaves_GivesItsPlaceBackOnce()
    {
        var first = Enter(1);
        Enter(2);
        Enter(3);
        _peers.Leave(first);
        _peers.Leave(first);
        Enter(4);
        Assert.Empty(_dropped);
        Enter(5);
        Assert.Equal([2], _dropped);
    }

    [Fact]
    public void APeerThatWasDropped_GivesNoPlaceBack()
    {
        var first = Enter(1);
        for (var i = 2; i <= 4; i++)
            Enter(i);
        _peers.Leave(first);
        Enter(5);
        Assert.Equal([1, 2], _dropped);
    }

    private LinkedListNode<Action> Enter(int peer) => _peers.Enter(() => _dropped.Add(peer));
}
