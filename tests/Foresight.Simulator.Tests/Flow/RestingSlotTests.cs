using Foresight.Simulator.Flow;

namespace Foresight.Simulator.Tests.Flow;

public sealed class RestingSlotTests
{
    [Fact]
    public void ASlot_IsEnteredByOneAtATime()
    {
        var slot = new RestingSlot();
        Assert.True(slot.TryEnter());
        Assert.False(slot.TryEnter());
        slot.Leave();
        Assert.True(slot.TryEnter());
    }
}
