using Foresight.Simulator.Flow;

namespace Foresight.Simulator.Tests.Flow;

public sealed class LatentProbabilityTests
{
    [Fact]
    public void LatentProbabilities_StayInsideTheirBounds_AndSumToOne()
    {
        var latent = new LatentProbability(3, new FlowRandom(1));
        for (var i = 0; i < 10_000; i++)
        {
            latent.Step();
            Assert.Equal(1.0, latent.Of(0) + latent.Of(1) + latent.Of(2), 9);
            Assert.InRange(latent.Of(0), 0.001, 0.999);
        }
    }
}
