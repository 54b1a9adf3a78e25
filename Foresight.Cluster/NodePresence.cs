using System.Collections.Immutable;
using Foresight.Protocol;

namespace Foresight.Cluster;

/// <summary>Others see this state, so a change is announced at once and not with the next heartbeat.</summary>
public sealed class NodePresence(string kind, string initialState)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Kind { get; } = kind;

    public string Address { get; private set; } = "";

    public string State { get; private set; } = initialState;

    public ImmutableSortedSet<string> Leads { get; private set; } = [];

    public IReadOnlyList<PutOutNode>? PutOut { get; private set; }

    /// <summary>Null on nodes without a hub. Read with each heartbeat and no reason for one: clients come and go all the time.</summary>
    public Func<int>? HubConnections { get; set; }

    public Task Changed
    {
        get
        {
            lock (_gate)
                return _changed.Task;
        }
    }

    public void SetAddress(string address) => Change(() => Address = address);

    public void SetState(string state) => Change(() => State = state);

    public void SetLeads(string resource, bool leads) => Change(() => Leads = leads ? Leads.Add(resource) : Leads.Remove(resource));

    public void SetPutOut(IReadOnlyList<PutOutNode> nodes) => Change(() => PutOut = nodes.Count > 0 ? nodes : null);

    public void Repeat() => Change(() => { });

    private void Change(Action change)
    {
        TaskCompletionSource before;
        lock (_gate)
        {
            change();
            before = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        before.SetResult();
    }
}
