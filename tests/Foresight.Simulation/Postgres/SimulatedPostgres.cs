using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Simulation.Postgres;

/// <summary>
/// As in a real server, a transaction continues after its client is gone, until its session is ended. It runs step by step and may be held
/// between two of them.
/// </summary>
internal sealed class SimulatedPostgres(World world) : Process(world, "postgres", overtakes: false)
{
    public static readonly DateTime Beginning = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private const double ObeysLate = 0.4;
    private static readonly TimeSpan LatestObedience = TimeSpan.FromSeconds(1.2);

    private readonly Dictionary<int, Session> _sessions = [];
    private readonly RowLock _row = new();
    private readonly List<Action<Tables>> _log = [];
    private int _lastSession;
    private int _lastTakeOver;

    public Tables Tables { get; private set; } = new();

    public PostgresFaults Faults { get; } = new(world.Dice.Fork());

    /// <summary>The server's clock may be wrong, and after a promotion it is another machine's.</summary>
    public TimeSpan ClockOffset { get; set; }

    public DateTime Now => TrueNow + ClockOffset;

    public DateTime TrueNow => Beginning.AddTicks(World.Timeline.Now);

    public long TrueNowSeconds => (long)(TrueNow - DateTime.UnixEpoch).TotalSeconds;

    public IEnumerable<Session> Sessions => _sessions.Values;

    public override void Kill()
    {
        foreach (var session in _sessions.Values.ToList())
            End(session, Errors.Broken());
        _row.Clear();
        base.Kill();
    }

    public void Restart() => Begin(() => { });

    public void Promote(int changesLost)
    {
        var before = Tables.Commands.Values.ToList();
        _log.RemoveRange(_log.Count - changesLost, changesLost);
        _lastTakeOver = Math.Min(_lastTakeOver, _log.Count);
        var tables = new Tables();
        foreach (var change in _log)
            change(tables);
        tables.Position = Tables.Position + 1;
        var taken = Tables.Leadership?.Epoch ?? 0;
        Tables = tables;
        World.Invariants.Lost(before.Where(row => !tables.Commands.ContainsKey(row.Sequence)), taken, tables);
        World.Trace.Add(Name, "promoted, without changes:", changesLost);
    }

    public int Changes => _log.Count;

    public int ChangesSinceTakeOver => _log.Count - _lastTakeOver;

    public void SetUp(Action<Tables> change)
    {
        _log.Add(change);
        change(Tables);
    }

    public void Connect(Call<Session> call, string name, ProcessContext client)
    {
        if (!Alive)
            call.Fail(Errors.Unreachable());
        else
            Run(() =>
            {
                var session = new Session(++_lastSession, name, client);
                _sessions.Add(session.Id, session);
                call.Answer(session);
            });
    }

    /// <summary>A running transaction continues to its end although its client is gone; one that is only open is undone.</summary>
    public void Close(Session session)
    {
        if (Alive)
            Run(() =>
            {
                if (session.Fail is null)
                    End(session, null);
            });
    }

    /// <summary><c>pg_terminate_backend</c> sends a signal and does not wait, so a busy backend ends a little later.</summary>
    public void Terminate(Session session)
    {
        if (session.Open is null || !World.Dice.Chance(ObeysLate))
            End(session, Errors.Terminated());
        else
            World.Timeline.After(World.Dice.Between(TimeSpan.Zero, LatestObedience), () => End(session, Errors.Terminated()));
    }

    public void End(Session session, Exception? error)
    {
        if (session.Ended)
            return;
        session.Ended = true;
        _sessions.Remove(session.Id);
        Undo(session);
        if (error is not null)
            session.Fail?.Invoke(error);
        session.Fail = null;
    }

    public void Arrive<T>(Call<T> call, Session session, Func<Task<T>> work)
    {
        if (!Alive || session.Ended)
            call.Fail(Errors.Broken());
        else
            Run(() => _ = ServeAsync(call, session, work));
    }

    public async Task<Committed> RunAsync(Session session, JournalTransaction journal, Action<JournalStep> failed)
    {
        var transaction = Open(session);
        var committed = new Committed(default, []);
        foreach (var step in journal.Steps)
        {
            await HoldAsync(session, Faults.HoldBefore(step));
            try
            {
                switch (step)
                {
                    case JournalStep.AssertTerm { Term: var term, After: var after }:
                        await AssertAsync(transaction, term, after, held => held.Token == term.Token);
                        break;
                    case LooseAssert { Term: var term }:
                        await AssertAsync(transaction, term, after: null, _ => true);
                        break;
                    case JournalStep.WriteRows rows:
                        if (Faults.ReadOnly)
                            throw Errors.ReadOnly();
                        if (Faults.Deadlocked())
                            throw Errors.Deadlock();
                        transaction.Rows.Add(rows);
                        break;
                    case JournalStep.StoreSnapshot snapshot:
                        transaction.Snapshots.Add(snapshot);
                        Faults.Storing();
                        break;
                    case JournalStep.StoreFailure failure:
                        if (Faults.ReadOnly)
                            throw Errors.ReadOnly();
                        transaction.Failures.Add(failure);
                        break;
                    case JournalStep.Commit:
                        Commit(transaction);
                        transaction = Open(session);
                        break;
                    case JournalStep.ReadBack:
                        committed = new Committed(new NpgsqlLogSequenceNumber(Tables.Position), []);
                        break;
                    default:
                        throw new InvalidOperationException($"No server knows the step {step}.");
                }
            }
            catch (PostgresException error)
            {
                World.Trace.Add(Name, "refuses: " + error.SqlState);
                failed(step);
                throw;
            }
        }

        Undo(session);
        return committed;
    }

    public static HolderVersion VersionOf(LeadershipRow row) => new(row.Token, row.RenewedAt);

    public TermHolder? ReadHolder() =>
        Tables.Leadership is { } row ? new TermHolder(row.NodeId, row.Address, VersionOf(row), Now - row.RenewedAt, row.Duration) : null;

    public async Task<TakenTerm?> TakeAsync(Session session, NewHolder holder, HolderVersion? dead, TimeSpan lockTimeout)
    {
        // As the statement does: a row that was judged in another version is not waited for, and one that changed meanwhile is checked
        // again.
        if (!IsStill(dead))
            return null;
        var previous = await LockRowAsync(session, lockTimeout);
        if (!IsStill(dead))
        {
            Undo(session);
            return null;
        }

        var epoch = StageHolder(session, holder);
        Commit(session);
        return new TakenTerm(new Term(holder.Resource, epoch, holder.Token, holder.NodeId), previous);
    }

    public bool IsStill(HolderVersion? judged) => (Tables.Leadership is { } row ? VersionOf(row) : null) == judged;

    /// <summary>Waits for a take-over that has the row, but for no transaction of the term, because it changes no key.</summary>
    public Task<bool> RenewAsync(Session session, Term term) =>
        ChangeRowAsync(session, term, row => row.RenewedAt is null ? null : row with { RenewedAt = Now });

    public Task<bool> ReleaseAsync(Session session, Term term) => ChangeRowAsync(session, term, row => row with { RenewedAt = null });

    private async Task<bool> ChangeRowAsync(Session session, Term term, Func<LeadershipRow, LeadershipRow?> change)
    {
        if (Faults.LosesRenewals)
            await new TaskCompletionSource().Task;
        if (Faults.ReadOnly)
            throw Errors.ReadOnly();
        var transaction = Open(session);
        if (!await _row.TakeAsync(transaction, exclusive: false))
            throw new SessionEndedException();
        RequireLive(session);
        var changed = Tables.Leadership is { } row && row.Token == term.Token ? change(row) : null;
        if (changed is not null)
            Change(tables => tables.Leadership = changed);
        Undo(session);
        return changed is not null;
    }

    public async Task<string?> LockRowAsync(Session session, TimeSpan atMost)
    {
        var transaction = session.Open ?? Open(session);
        var waiting = _row.TakeAsync(transaction, exclusive: true);
        World.Timeline.After(
            atMost,
            () =>
                Run(() =>
                {
                    if (!waiting.IsCompleted)
                        _row.Release(transaction);
                })
        );
        if (await waiting)
        {
            World.Invariants.LockGot(session.Id);
            World.Nemesis.RowLocked(session.Client);
            return Tables.Leadership?.NodeId;
        }

        RequireLive(session);
        World.Invariants.LockTimedOut(session.Id);
        throw Errors.LockTimeout();
    }

    public long StageHolder(Session session, NewHolder holder)
    {
        var epoch = (Tables.Leadership?.Epoch ?? 0) + 1;
        if (Faults.ReadOnly)
            throw Errors.ReadOnly();
        (session.Open ?? Open(session)).NewHolder = new LeadershipRow(
            holder.Resource,
            epoch,
            holder.Token,
            holder.NodeId,
            holder.Address,
            holder.SessionName,
            Now,
            holder.Duration
        );
        return epoch;
    }

    public void Commit(Session session)
    {
        if (session.Open is { } transaction)
            Commit(transaction);
    }

    public void Undo(Session session)
    {
        if (session.Open is not { } transaction)
            return;
        session.Open = null;
        _row.Release(transaction);
    }

    private async Task ServeAsync<T>(Call<T> call, Session session, Func<Task<T>> work)
    {
        if (session.Ended)
        {
            call.Fail(Errors.Broken());
            return;
        }

        session.Fail = call.Fail;
        try
        {
            var result = await work();
            if (session.Ended)
                return;
            session.Fail = null;
            if (result is Committed && Faults.LosesAnswer())
                World.Trace.Add(Name, "answer lost");
            else
                call.Answer(result);
        }
        catch (SessionEndedException)
        {
            // Expected: the client got the error when its session was ended.
        }
        catch (PostgresException error)
        {
            Undo(session);
            if (session.Ended)
                return;
            session.Fail = null;
            call.Fail(error);
        }
    }

    private static Transaction Open(Session session) => session.Open = new Transaction(session);

    private async Task AssertAsync(Transaction transaction, Term term, long? after, Func<LeadershipRow, bool> isSame)
    {
        if (!await _row.TakeAsync(transaction, exclusive: false))
            throw new SessionEndedException();
        RequireLive(transaction.Session);
        if (Tables.Leadership is not { } held || held.Epoch != term.Epoch || !isSame(held))
            throw Errors.TermEnded();
        if (after is { } last && Tables.LastSequence != last)
            throw Errors.NotTheEnd(last);
    }

    private void Commit(Transaction transaction)
    {
        RequireLive(transaction.Session);
        foreach (var rows in transaction.Rows)
        {
            var writer = Checks.Invariants.WriterOf(transaction.Session.Name);
            Tables.Write(rows, writer);
            _log.Add(tables => tables.Write(rows, writer));
            World.Trace.Add(Name, "commit", rows.Rows.LastSequence, rows.Epoch);
            World.Invariants.RowsCommitted(rows, writer);
        }

        foreach (var snapshot in transaction.Snapshots)
            Change(tables => tables.Store(snapshot.Snapshot));
        foreach (var failure in transaction.Failures)
        {
            Change(tables => tables.Failed[failure.Failed.RequestId] = failure.Failed);
            World.Trace.Add(Name, "sets a command aside");
        }

        if (transaction.NewHolder is { } holder)
        {
            _lastTakeOver = _log.Count;
            Change(tables => tables.Leadership = holder);
            World.Trace.Add(Name, "epoch taken by " + holder.NodeId, holder.Epoch);
        }

        Tables.Position += 8;
        Undo(transaction.Session);
    }

    private void Change(Action<Tables> change)
    {
        _log.Add(change);
        change(Tables);
    }

    private async Task HoldAsync(Session session, TimeSpan hold)
    {
        if (hold > TimeSpan.Zero)
        {
            if (hold > TimeSpan.FromMilliseconds(500))
                World.Trace.Add(Name, "holds a transaction, ms", (long)hold.TotalMilliseconds);
            var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            World.Timeline.After(hold, () => Run(() => over.TrySetResult()));
            await over.Task;
        }

        RequireLive(session);
    }

    private static void RequireLive(Session session)
    {
        if (session.Ended)
            throw new SessionEndedException();
    }

    private sealed class SessionEndedException : Exception;
}

internal sealed record LooseAssert(Term Term) : JournalStep;
