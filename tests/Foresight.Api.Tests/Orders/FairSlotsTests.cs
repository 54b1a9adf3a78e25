using Foresight.Api.Orders;
using Foresight.Api.Tests.Trust;
using Foresight.Chain;

namespace Foresight.Api.Tests.Orders;

public sealed class FairSlotsTests
{
    private readonly StillTime _time = new();
    private readonly FairSlots _slots;

    public FairSlotsTests() => _slots = new FairSlots(4, _time);

    [Fact]
    public async Task ACaller_HasAtMostHalf_AndWaitersComeInTurns()
    {
        var heavy = Enumerable.Range(0, 6).Select(_ => EnterAsync("heavy")).ToList();
        Assert.Equal([true, true, false, false, false, false], heavy.Select(one => one.IsCompleted));
        var light = Enumerable.Range(0, 3).Select(_ => EnterAsync("light")).ToList();
        Assert.Equal([true, true, false], light.Select(one => one.IsCompleted));
        var late = EnterAsync("late");

        _slots.Leave("light");
        Assert.True(await light[2]);
        _slots.Leave("heavy");
        Assert.True(await heavy[2]);
        Assert.False(late.IsCompleted);
        _slots.Leave("heavy");
        Assert.True(await late);
        Assert.Equal(1, heavy.Skip(2).Count(one => one.IsCompleted));
    }

    [Fact]
    public async Task WaitersAreBounded_OfEachAndOfAll()
    {
        var ofOne = Enumerable.Range(0, 2 + FairSlots.MaxWaitingOfOne).Select(_ => EnterAsync("heavy")).ToList();
        Assert.False(await EnterAsync("heavy"));
        for (var caller = 0; caller < FairSlots.MaxWaiting + 10; caller++)
            ofOne.Add(EnterAsync($"caller {caller}"));
        Assert.False(await EnterAsync("one more"));
        Assert.Equal(FairSlots.MaxWaiting, ofOne.Count(one => !one.IsCompleted));
    }

    [Fact]
    public async Task WhoeverGivesUp_LeavesHisPlaceInTheLine_AndTakesNoSlot()
    {
        for (var i = 0; i < 2; i++)
        {
            Assert.True(await EnterAsync("a"));
            Assert.True(await EnterAsync("b"));
        }

        using var gone = new CancellationTokenSource();
        var cancelled = _slots.EnterAsync("c", TimeSpan.FromSeconds(1), gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        var late = EnterAsync("c");
        _time.RingAll();
        Assert.False(await late);

        foreach (var caller in new[] { "a", "a", "b", "b" })
            _slots.Leave(caller);
        for (var i = 0; i < 2; i++)
        {
            Assert.True(await EnterAsync("c"));
            Assert.True(await EnterAsync("d"));
        }
    }

    [Fact]
    public void AnAddressInUse_IsRemembered_HoweverManyOthersCome()
    {
        var memory = new RecentAddresses(capacity: 8);
        memory.Set(Of(1), 7);
        for (byte other = 2; other < 200; other++)
        {
            memory.Set(Of(other), other);
            Assert.True(memory.TryGet(Of(1), out var time));
            Assert.Equal(7, time);
        }

        Assert.InRange(Enumerable.Range(1, 199).Count(other => memory.TryGet(Of((byte)other), out _)), 1, 8);
    }

    private static Address Of(byte last) => Address.Parse($"0x{last:x40}");

    private Task<bool> EnterAsync(string caller) => _slots.EnterAsync(caller, TimeSpan.FromSeconds(1), CancellationToken.None);
}
