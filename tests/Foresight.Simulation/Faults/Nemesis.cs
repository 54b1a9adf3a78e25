using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Faults;

/// <summary>
/// Prefers the leader, and moments at which a commit is under way, because defects are most likely there. The seed determines order and
/// moments, so that a failure can be repeated.
/// </summary>
internal sealed class Nemesis
{
    private readonly World _world;
    private readonly Dice _dice;
    private readonly (int Weight, Action Fault)[] _faults;
    private readonly int _sumOfWeights;
    private readonly bool _mayLoseChanges;
    private readonly bool _mayWithholdOrders;
    private readonly bool _enemyStays;
    private readonly bool _hidesBlocks;
    private long _endsAt;
    private long _quietUntil;
    private bool _pauseAtLookUp;
    private bool _pauseAtTakeOver;
    private bool _cutInRecovery;
    private bool _forgetTakeOver;

    public Nemesis(World world)
    {
        _world = world;
        _dice = world.Dice.Fork();
        // An asynchronous replica may lack acknowledged commits. Seeds with such losses show that the rest remains consistent; the others
        // show that nothing is ever lost.
        _mayLoseChanges = _dice.Chance(0.25);
        _mayWithholdOrders = _dice.Chance(0.15);
        // Orders must be taken also while an attacker writes into Redis.
        _enemyStays = _dice.Chance(0.3);
        _hidesBlocks = _dice.Chance(0.5);
        _faults =
        [
            (16, PauseLeader),
            (4, PauseAny),
            (8, Crash),
            (5, Stop),
            (8, CutFromRedis),
            (8, CutFromPostgres),
            (4, CutFromClients),
            (4, RestartRedis),
            (4, FreezeRedis),
            (6, LetTheEnemyWrite),
            (5, RestartPostgres),
            (3, FreezePostgres),
            (5, EndSessions),
            (7, HoldBeforeWrite),
            (7, HoldBeforeCommit),
            (7, HoldAfterCommit),
            (8, LoseAnswers),
            (5, LoseSnapshotsAnswer),
            (3, Deadlock),
            (2, ReadOnly),
            (4, SlowNetwork),
            (4, SlowDisk),
            (6, JumpClock),
            (8, SetDatabasesClock),
            (10, PauseWhileCommitting),
            (14, PauseAtLookUp),
            (4, PauseAtTakeOver),
            (5, CutInRecovery),
            (5, CrashUnderTheEnemy),
            (4, SetClockBackWithoutRenewals),
            (_mayLoseChanges ? 12 : 0, Promote),
            (_mayLoseChanges ? 8 : 0, PromoteUnderPause),
            (_mayLoseChanges ? 12 : 0, PromoteAfterTakeOver),
        ];
        _sumOfWeights = _faults.Sum(fault => fault.Weight);
    }

    public int Faults { get; private set; }

    /// <summary>
    /// In some seeds the journal knows no block, so that only the nodes' clocks and the stamps contradict the database's.
    /// </summary>
    public bool HidesBlocks => _hidesBlocks;

    public void Begin(TimeSpan duration)
    {
        _endsAt = duration.Ticks;
        if (_enemyStays)
            _world.Enemy.Begin(TimeSpan.FromHours(1));
        Plan(TimeSpan.FromSeconds(2));
        AskForProof();
    }

    /// <summary>From here on the cluster must recover by itself.</summary>
    public void StopAll()
    {
        _world.Trace.Add("nemesis", "stops");
        (_pauseAtLookUp, _pauseAtTakeOver, _cutInRecovery, _forgetTakeOver) = (false, false, false, false);
        _world.Latency.SlowProbability = 0.0005;
        _world.Postgres.Faults.Stop();
        _world.Postgres.ClockOffset = SecondsOff();
        if (!_enemyStays)
            _world.Enemy.Stop();
        if (_world.Redis.Paused)
            _world.Redis.Resume();
        if (!_world.Redis.Alive)
            _world.Redis.Restart();
        if (_world.Postgres.Paused)
            _world.Postgres.Resume();
        if (!_world.Postgres.Alive)
            _world.Postgres.Restart();
        foreach (var node in _world.Nodes)
        {
            if (node.Paused)
                node.Resume();
            if (!node.Alive)
                node.Restart();
            Heal(node);
        }
    }

    public void AskForProof()
    {
        foreach (var node in _world.Nodes.Where(node => node is { Leads: true, Paused: false }))
            node.Run(() => _ = ProveAsync(node));
        if (!Over)
            _world.Timeline.After(TimeSpan.FromSeconds(3), AskForProof);
    }

    /// <summary>Just before a node commits is a moment at which defects are likely.</summary>
    public void LookedUp(SimulatedNode node)
    {
        if (!_pauseAtLookUp)
            return;
        _pauseAtLookUp = false;
        node.ForgetsIdleConnections = true;
        Pause(node, TimeSpan.FromSeconds(20));
        if (_forgetTakeOver)
            ForgetTakeOverOf(node);
    }

    public void RowLocked(ProcessContext context)
    {
        if (!_pauseAtTakeOver || _world.Nodes.FirstOrDefault(node => node.Context == context) is not { } node)
            return;
        _pauseAtTakeOver = false;
        Pause(node, TimeSpan.FromSeconds(15));
    }

    public void Recovers(SimulatedNode node)
    {
        if (!_cutInRecovery)
            return;
        _cutInRecovery = false;
        Cut(node, recovering => recovering.ToPostgres);
    }

    /// <summary>
    /// Any fill or cancel of a resting order that a rebuilding leader does not see makes the BatchBuilder throw. Orders with an expiry are
    /// exempt, because no request that could be quarantined causes it.
    /// </summary>
    public bool Withholds(LiveOrder order) => _mayWithholdOrders && order.SignedExpiry == 0 && order.Hash.Prefix % 16 == 0;

    private bool Over => _world.Timeline.Now >= _endsAt;

    private SimulatedNode? Leader => _world.Nodes.FirstOrDefault(node => node.Leads);

    private SimulatedNode LeaderOrAny => Leader is { } leader && _dice.Chance(0.8) ? leader : _dice.Pick(_world.Nodes);

    private async Task ProveAsync(SimulatedNode node)
    {
        var proof = new ProofRequest();
        if (node.Parts?.Gate.Session(SimulatedNode.Shard)?.Queue.TryAddControl(proof) == true && await proof.Answer.Task is { } proved)
            _world.Invariants.Proved(proved);
    }

    private void Plan(TimeSpan after) =>
        _world.Timeline.After(
            after,
            () =>
            {
                if (Over)
                    return;
                if (_world.Timeline.Now < _quietUntil)
                {
                    Plan(TimeSpan.FromSeconds(1));
                    return;
                }

                var point = _dice.Below(_sumOfWeights);
                foreach (var (weight, fault) in _faults)
                {
                    point -= weight;
                    if (point >= 0)
                        continue;
                    Faults++;
                    _world.Trace.Add("nemesis", fault.Method.Name);
                    fault();
                    break;
                }

                Plan(_dice.Between(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(5)));
            }
        );

    private void Later(TimeSpan least, TimeSpan most, Action mend) =>
        _world.Timeline.After(
            _dice.Between(least, most),
            () =>
            {
                if (!Over)
                    mend();
            }
        );

    private void RestartLater(Process process, Action restart, TimeSpan least, TimeSpan most) =>
        Later(
            least,
            most,
            () =>
            {
                if (!process.Alive)
                    restart();
            }
        );

    private void ResumeLater(Process process, TimeSpan least, TimeSpan most) =>
        Later(
            least,
            most,
            () =>
            {
                if (process.Paused)
                    process.Resume();
            }
        );

    private void PauseLeader() => Pause(LeaderOrAny, TimeSpan.FromSeconds(15));

    private void PauseAny() => Pause(_dice.Pick(_world.Nodes), TimeSpan.FromSeconds(2));

    private void Pause(SimulatedNode node, TimeSpan most)
    {
        if (!node.Alive || node.Paused)
            return;
        node.Pause();
        ResumeLater(node, TimeSpan.FromMilliseconds(50), most);
    }

    /// <summary>The next term must meet both an open transaction and its paused leader.</summary>
    private void PauseWhileCommitting()
    {
        if (Leader is not { } leader)
            return;
        if (_dice.Chance(0.5))
            HoldBeforeWrite();
        else
            HoldBeforeCommit();
        _world.Timeline.After(
            _dice.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(700)),
            () =>
            {
                if (!Over)
                    Pause(leader, TimeSpan.FromSeconds(15));
            }
        );
    }

    private void PauseAtLookUp() => _pauseAtLookUp = true;

    private void PauseAtTakeOver()
    {
        _pauseAtTakeOver = true;
        if (Leader is not { Paused: false } leader)
            return;
        if (_dice.Chance(0.5))
        {
            Pause(leader, TimeSpan.FromSeconds(10));
            return;
        }

        leader.Stop();
        RestartLater(leader, leader.Restart, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(12));
    }

    private void CutInRecovery()
    {
        _cutInRecovery = true;
        Crash();
    }

    /// <summary>
    /// The leader's wall clock shows time left while its lease ends. The other nodes, which would end the term, are cut off, and no other
    /// fault may interfere.
    /// </summary>
    private void SetClockBackWithoutRenewals()
    {
        if (!_world.Postgres.Alive || Leader is not { } leader)
            return;
        _quietUntil = _world.Timeline.Now + TimeSpan.FromSeconds(15).Ticks;
        _world.Postgres.Faults.LosesRenewals = true;
        var others = _world.Nodes.Where(node => node != leader).ToList();
        foreach (var node in others)
            node.ToPostgres.Cut(requests: true, replies: true);
        _world.Timeline.After(TimeSpan.FromSeconds(1), () => leader.JumpWallClock(TimeSpan.FromMinutes(-30)));
        Later(
            TimeSpan.FromSeconds(14),
            TimeSpan.FromSeconds(18),
            () =>
            {
                _world.Postgres.Faults.LosesRenewals = false;
                foreach (var node in others)
                    node.ToPostgres.Heal();
            }
        );
    }

    private void LetTheEnemyWrite() => _world.Enemy.Begin(_dice.Between(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(12)));

    /// <summary>While the lease of a node that is gone is still believed, an attacker may answer at its address.</summary>
    private void CrashUnderTheEnemy()
    {
        LetTheEnemyWrite();
        Crash();
    }

    private void Crash()
    {
        var node = LeaderOrAny;
        if (!node.Alive)
            return;
        node.Crash(machineDies: _dice.Chance(0.3));
        RestartLater(node, node.Restart, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(10));
    }

    private void Stop()
    {
        var node = LeaderOrAny;
        if (!node.Alive || node.Paused)
            return;
        node.Stop();
        RestartLater(node, node.Restart, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(12));
    }

    private void CutFromRedis() => Cut(LeaderOrAny, node => node.ToRedis);

    private void CutFromPostgres() => Cut(LeaderOrAny, node => node.ToPostgres);

    private void CutFromClients() => Cut(LeaderOrAny, node => node.ToClients);

    private void Cut(SimulatedNode node, Func<SimulatedNode, Network.Link> which)
    {
        var way = _dice.Below(4);
        which(node).Cut(requests: way != 0, replies: way != 1);
        Later(
            TimeSpan.FromMilliseconds(200),
            TimeSpan.FromSeconds(12),
            () =>
            {
                which(node).Heal();
                node.Parts?.Broadcast.Reconnect();
            }
        );
    }

    private static void Heal(SimulatedNode node)
    {
        node.ToRedis.Heal();
        node.ToPostgres.Heal();
        node.ToClients.Heal();
        node.Parts?.Broadcast.Reconnect();
    }

    private void RestartRedis()
    {
        if (!_world.Redis.Alive)
            return;
        _world.Redis.Kill();
        RestartLater(_world.Redis, _world.Redis.Restart, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(8));
    }

    private void FreezeRedis()
    {
        if (!_world.Redis.Alive || _world.Redis.Paused)
            return;
        _world.Redis.Pause();
        ResumeLater(_world.Redis, TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(12));
    }

    private void RestartPostgres()
    {
        if (!_world.Postgres.Alive)
            return;
        _world.Postgres.Kill();
        RestartLater(_world.Postgres, _world.Postgres.Restart, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
    }

    private void Promote()
    {
        if (!_world.Postgres.Alive)
            return;
        _world.Postgres.Kill();
        _world.Postgres.Promote(_dice.Below(Math.Min(_world.Postgres.Changes / 2, 12) + 1));
        foreach (var node in _world.Nodes)
            node.ForgetsIdleConnections = _dice.Chance(0.5);
        _world.Postgres.ClockOffset = HasJournal && _dice.Chance(0.3) ? HoursOff() : SecondsOff();
        _world.Postgres.Restart();
    }

    /// <summary>
    /// A server without the leader's term is promoted, so the next term gets the same epoch; the leader is paused before a commit.
    /// </summary>
    private void PromoteUnderPause()
    {
        _pauseAtLookUp = true;
        _world.Timeline.After(
            TimeSpan.FromSeconds(1),
            () =>
            {
                if (Over || !_world.Postgres.Alive)
                    return;
                _world.Postgres.Kill();
                _world.Postgres.Promote(_world.Postgres.ChangesSinceTakeOver);
                _world.Postgres.Restart();
            }
        );
    }

    /// <summary>
    /// At the very start of a term the next one gets the same epoch at the same position of the journal, so only the token
    /// distinguishes the two.
    /// </summary>
    private void PromoteAfterTakeOver()
    {
        if (Leader is not { Paused: false } leader)
            return;
        (_pauseAtLookUp, _forgetTakeOver) = (true, true);
        leader.Crash(machineDies: false);
        RestartLater(leader, leader.Restart, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(25));
    }

    private void ForgetTakeOverOf(SimulatedNode taker)
    {
        _forgetTakeOver = false;
        foreach (var node in _world.Nodes.Where(node => node != taker))
            node.ToClients.Cut(requests: true, replies: true);
        _world.Timeline.After(
            TimeSpan.FromMilliseconds(500),
            () =>
            {
                if (Over || !_world.Postgres.Alive)
                    return;
                _world.Postgres.Kill();
                _world.Postgres.Promote(_world.Postgres.ChangesSinceTakeOver);
                _world.Postgres.Restart();
                Later(
                    TimeSpan.FromSeconds(12),
                    TimeSpan.FromSeconds(20),
                    () =>
                    {
                        foreach (var node in _world.Nodes)
                            node.ToClients.Heal();
                    }
                );
            }
        );
    }

    private void FreezePostgres()
    {
        if (!_world.Postgres.Alive || _world.Postgres.Paused)
            return;
        _world.Postgres.Pause();
        ResumeLater(_world.Postgres, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(7));
    }

    private void EndSessions()
    {
        foreach (var session in _world.Postgres.Sessions.Where(_ => _dice.Chance(0.6)).ToList())
            _world.Postgres.End(session, Postgres.Errors.Terminated());
    }

    private TimeSpan AWhile => _dice.Between(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(9));

    private void HoldBeforeWrite() => _world.Postgres.Faults.HoldNextBeforeWrite = AWhile;

    private void HoldBeforeCommit() => _world.Postgres.Faults.HoldNextBeforeCommit = AWhile;

    private void HoldAfterCommit() => _world.Postgres.Faults.HoldNextAfterCommit = AWhile;

    private void LoseAnswers() => _world.Postgres.Faults.AnswersToLose = 1 + _dice.Below(2);

    /// <summary>Other faults would end a term that waits for a lost answer, so they are suppressed for a while.</summary>
    private void LoseSnapshotsAnswer()
    {
        _world.Postgres.Faults.LosesNextSnapshotsAnswer = true;
        _quietUntil = _world.Timeline.Now + TimeSpan.FromSeconds(20).Ticks;
    }

    private void Deadlock() => _world.Postgres.Faults.Deadlocks = 1 + _dice.Below(2);

    private void ReadOnly()
    {
        _world.Postgres.Faults.ReadOnly = true;
        Later(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(5), () => _world.Postgres.Faults.ReadOnly = false);
    }

    private void SlowNetwork()
    {
        _world.Latency.SlowProbability = 0.05;
        Later(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(6), () => _world.Latency.SlowProbability = 0.002);
    }

    private void SlowDisk()
    {
        (_world.Postgres.Faults.HoldChance, _world.Postgres.Faults.LongestHold) = (0.2, TimeSpan.FromSeconds(1));
        Later(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(6), () => _world.Postgres.Faults.HoldChance = 0.004);
    }

    private void JumpClock()
    {
        // Two clocks that are wrong in the same way are believed, so no node's may come to agree with a wrong one of the database.
        if (_world.Postgres.ClockOffset < MatchingLimits.DatabaseClockAhead)
            _dice.Pick(_world.Nodes).JumpWallClock(_dice.Between(TimeSpan.FromHours(-1), TimeSpan.FromHours(1)));
    }

    /// <summary>As after the restore of a virtual machine, or by a time server that lies.</summary>
    private void SetDatabasesClock()
    {
        if (!HasJournal)
            return;
        _world.Postgres.ClockOffset = HoursOff();
        Later(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(12), () => _world.Postgres.ClockOffset = SecondsOff());
    }

    /// <summary>With an empty journal and no block there is no clock but the node's, which alone decides nothing.</summary>
    private bool HasJournal => _world.Postgres.Tables.LastSequence > 0;

    private TimeSpan SecondsOff() => _dice.Between(TimeSpan.FromSeconds(-3), TimeSpan.FromSeconds(3));

    /// <summary>Mostly ahead, and of every node's clock.</summary>
    private TimeSpan HoursOff()
    {
        if (_dice.Chance(0.25))
            return -_dice.Between(TimeSpan.FromMinutes(6), TimeSpan.FromHours(48));
        var fastest = _world.Nodes.Max(node => node.WallOffset);
        return (fastest > TimeSpan.Zero ? fastest : TimeSpan.Zero) + _dice.Between(TimeSpan.FromMinutes(6), TimeSpan.FromHours(48));
    }
}
