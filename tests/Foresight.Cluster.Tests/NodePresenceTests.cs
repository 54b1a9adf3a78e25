using Foresight.Cluster;

namespace Foresight.Cluster.Tests;

public sealed class NodePresenceTests
{
    private readonly NodePresence _presence = new("matching", "follower");

    [Fact]
    public void EachChange_CompletesWhatWaitsForIt_AndTheNextWaitIsForTheNextChange()
    {
        foreach (
            var change in new Action[]
            {
                () => _presence.SetAddress("http://127.0.0.1:1"),
                () => _presence.SetState("active"),
                () => _presence.SetLeads("settlement", true),
                _presence.Repeat,
            }
        )
        {
            var changed = _presence.Changed;
            Assert.False(changed.IsCompleted);
            change();
            Assert.True(changed.IsCompletedSuccessfully);
        }

        Assert.Equal(("matching", "http://127.0.0.1:1", "active"), (_presence.Kind, _presence.Address, _presence.State));
    }

    [Fact]
    public void TheLeasesItHolds_AreASortedSet()
    {
        _presence.SetLeads("settlement", true);
        _presence.SetLeads("matching-engine", true);
        _presence.SetLeads("matching-engine", true);
        Assert.Equal(["matching-engine", "settlement"], _presence.Leads);
        _presence.SetLeads("matching-engine", false);
        _presence.SetLeads("reconciliation", false);
        Assert.Equal(["settlement"], _presence.Leads);
    }
}
