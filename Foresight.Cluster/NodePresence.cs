using System.Collections.Immutable;

namespace Foresight.Cluster;

/// <summary>The state of this process as other nodes see it. A change is announced at once and not at the next heartbeat.</summary>
public sealed class NodePresence(string kind, string initialState)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Kind { get; } = kind;

    public string Address { get; private set; } = "";

    public string State { get; private set; } = initialState;

    public ImmutableSortedSet<string> Leads { get; private set; } = [];

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
