using System.Collections.Concurrent;
using Foresight.Matching.Gateway;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Gateway;

[Trait("Category", "Trust")]
public sealed class TermWitnessTests
{
    private static readonly Guid Token = Guid.NewGuid();

    private readonly HandClock _clock = new();
    private readonly ConcurrentQueue<TaskCompletionSource<HeldTerm?>> _readings = new();
    private readonly TermWitness _witness;

    public TermWitnessTests() =>
        _witness = new TermWitness(
            _ =>
            {
                var reading = new TaskCompletionSource<HeldTerm?>(TaskCreationOptions.RunContinuationsAsynchronously);
                _readings.Enqueue(reading);
                return reading.Task;
            },
            _clock
        );

    [Fact]
    public async Task ATrueClaim_IsBelievedForASecond_AndFalseOnesOfItsTermAndEarlierOnesCostNothing()
    {
        Assert.True(await AskAsync(7, Token, answer: new HeldTerm(7, Token)));
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(await HoldsAsync(7, Token));
            Assert.False(await HoldsAsync(7, Guid.NewGuid()));
            Assert.False(await HoldsAsync(6, Token));
        }

        Assert.Single(_readings);
        _clock.Pass(TimeSpan.FromSeconds(1.1));
        Assert.False(await AskAsync(7, Token, answer: new HeldTerm(8, Guid.NewGuid()), readings: 2));
    }

    [Fact]
    public async Task AFloodOfClaimsOfLaterTerms_CostsOneReadingAfterTheOther_AndDelaysTheNewHolderByTwo()
    {
        var old = new HeldTerm(7, Guid.NewGuid());
        var first = HoldsAsync(8, Guid.NewGuid());
        await ReadingsAsync(1);
        var flood = Enumerable.Range(0, 10_000).Select(i => HoldsAsync(9 + i, Guid.NewGuid())).ToList();
        // The holder of term 8 has just won it, and the reading that runs began before.
        var holder = HoldsAsync(8, Token);
        Assert.Single(_readings);
        _readings.ToArray()[0].SetResult(old);
        Assert.False(await first.WaitAsync(Eventually.Patience));

        await PauseAsync();
        _clock.Pass(TermWitness.PauseBetween);
        await ReadingsAsync(2);
        _readings.ToArray()[1].SetResult(new HeldTerm(8, Token));
        Assert.True(await holder.WaitAsync(Eventually.Patience));
        Assert.All(await Task.WhenAll(flood).WaitAsync(Eventually.Patience), Assert.False);
        Assert.Equal(2, _readings.Count);
        Assert.True(await HoldsAsync(8, Token));
    }

    [Fact]
    public async Task ReadingsBegin_NoSoonerThanAPauseAfterTheOneBefore()
    {
        Assert.False(await AskAsync(8, Token, answer: null));
        var next = HoldsAsync(8, Token);
        await PauseAsync();
        Assert.Single(_readings);
        _clock.Pass(TermWitness.PauseBetween);
        await ReadingsAsync(2);
        _readings.ToArray()[1].SetResult(new HeldTerm(8, Token));
        Assert.True(await next.WaitAsync(Eventually.Patience));
    }

    [Fact]
    public async Task AReadingThatFails_IsNoFalseClaim_AndTheNextOneAnswers()
    {
        var failing = HoldsAsync(8, Token);
        await ReadingsAsync(1);
        _readings.ToArray()[0].SetException(new TimeoutException("a test took Postgres away"));
        await Assert.ThrowsAsync<TimeoutException>(() => failing.WaitAsync(Eventually.Patience));
        _clock.Pass(TermWitness.PauseBetween);
        Assert.True(await AskAsync(8, Token, answer: new HeldTerm(8, Token), readings: 2));
    }

    private Task<bool> HoldsAsync(long epoch, Guid token) =>
        _witness.HoldsAsync(new TermClaim(LeasedResources.Settlement, epoch, token), CancellationToken.None);

    private async Task<bool> AskAsync(long epoch, Guid token, HeldTerm? answer, int readings = 1)
    {
        var holds = HoldsAsync(epoch, token);
        await ReadingsAsync(readings);
        _readings.ToArray()[readings - 1].SetResult(answer);
        return await holds.WaitAsync(Eventually.Patience);
    }

    private Task PauseAsync() => Eventually.TrueAsync("the pause is awaited", Eventually.Patience, () => _clock.Waiting == 1);

    private Task ReadingsAsync(int count) =>
        Eventually.TrueAsync($"{count} readings began", Eventually.Patience, () => _readings.Count == count);

    /// <summary>Timers fire when the test lets the time pass, except those that are longer than what the test waits for.</summary>
    private sealed class HandClock : TimeProvider
    {
        private readonly Lock _gate = new();
        private readonly List<HandTimer> _timers = [];
        private TimeSpan _passed = TimeSpan.FromHours(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        /// <summary>Timers of the pause: the bound of a reading is longer.</summary>
        public int Waiting
        {
            get
            {
                lock (_gate)
                    return _timers.Count(timer => timer.Due - _passed <= TermWitness.PauseBetween);
            }
        }

        public override long GetTimestamp()
        {
            lock (_gate)
                return _passed.Ticks;
        }

        public void Pass(TimeSpan time)
        {
            List<HandTimer> due;
            lock (_gate)
            {
                _passed += time;
                due = [.. _timers.Where(timer => timer.Due <= _passed)];
                _timers.RemoveAll(due.Contains);
            }

            due.ForEach(timer => timer.Fire());
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            lock (_gate)
            {
                var timer = new HandTimer(this, () => callback(state)) { Due = _passed + dueTime };
                if (dueTime >= TimeSpan.Zero)
                    _timers.Add(timer);
                return timer;
            }
        }

        private sealed class HandTimer(HandClock clock, Action fire) : ITimer
        {
            public TimeSpan Due { get; init; }

            public void Fire() => fire();

            public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException("Nothing here changes a timer.");

            public void Dispose()
            {
                lock (clock._gate)
                    clock._timers.Remove(this);
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
