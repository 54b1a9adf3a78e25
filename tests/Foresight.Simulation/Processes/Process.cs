using Foresight.Simulation.Time;

namespace Foresight.Simulation.Processes;

/// <summary>
/// Everything in a process runs as items of its context, one at a time, on the simulation's one thread, so that a seed has one order. While
/// it is paused nothing runs, and what arrives meanwhile runs afterwards. Once it has ended, nothing of that life runs again.
/// </summary>
internal class Process
{
    /// <summary>Threads of a real process run in no certain order, so an item may overtake others that are ready.</summary>
    private const double Overtaking = 0.06;

    private readonly List<(SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly Dice _dice;
    private bool _turnPlanned;
    private TimeSpan _ran;
    private long _since;
    private bool _inTurn;

    public Process(World world, string name, bool overtakes = true)
    {
        (World, Name) = (world, name);
        _dice = world.Dice.Fork();
        _overtakes = overtakes;
        Context = new ProcessContext(this);
    }

    private readonly bool _overtakes;

    public World World { get; }

    public string Name { get; }

    public ProcessContext Context { get; private set; }

    public bool Alive { get; private set; } = true;

    public bool Paused { get; private set; }

    public TimeSpan Ran => _ran + TimeSpan.FromTicks(Paused ? 0 : World.Timeline.Now - _since);

    /// <summary>Some pools have noticed that their idle connections are gone, so that the next request gets a new one.</summary>
    public bool ForgetsIdleConnections { get; set; }

    public void Pause()
    {
        _ran = Ran;
        Paused = true;
        World.Trace.Add(Name, "paused");
    }

    public void Resume()
    {
        Paused = false;
        _since = World.Timeline.Now;
        World.Trace.Add(Name, "goes on", _ready.Count);
        PlanTurn(TimeSpan.Zero);
    }

    /// <summary>Ends at once: memory is lost, messages on their way are not.</summary>
    public virtual void Kill()
    {
        Alive = false;
        if (Paused)
            _since = World.Timeline.Now;
        Paused = false;
        _ready.Clear();
        Context = new ProcessContext(this);
        World.Trace.Add(Name, "ended");
    }

    public int Lives { get; private set; }

    protected void Begin(Action main)
    {
        Lives++;
        Alive = true;
        Paused = false;
        World.Trace.Add(Name, "begins");
        Run(main);
    }

    public void Run(Action what) => Context.Post(_ => what(), null);

    internal void Enqueue(ProcessContext context, SendOrPostCallback callback, object? state)
    {
        // The remains of a life that has ended finish on the garbage collector's thread, so they are not part of the simulation.
        if (context != Context || !Alive || !World.IsOnThread())
            return;
        _ready.Add((callback, state));
        if (!_inTurn && !Paused)
            PlanTurn(TimeSpan.Zero);
    }

    private void PlanTurn(TimeSpan after)
    {
        if (_turnPlanned)
            return;
        _turnPlanned = true;
        World.Timeline.After(after, Turn);
    }

    private void Turn()
    {
        _turnPlanned = false;
        _inTurn = true;
        var outer = SynchronizationContext.Current;
        try
        {
            while (_ready.Count > 0 && !Paused)
            {
                var index = _overtakes && _ready.Count > 1 && _dice.Chance(Overtaking) ? _dice.Below(_ready.Count) : 0;
                var (callback, state) = _ready[index];
                _ready.RemoveAt(index);
                SynchronizationContext.SetSynchronizationContext(Context);
                World.Steps++;
                callback(state);
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
            _inTurn = false;
        }
    }
}

internal sealed class ProcessContext(Process owner) : SynchronizationContext
{
    public override void Post(SendOrPostCallback d, object? state) => owner.Enqueue(this, d, state);

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("Nothing here waits for another thread.");

    public override SynchronizationContext CreateCopy() => this;
}
