using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting
{
    public interface IDistributedApplicationBuilder
    {
        ConfigurationManager Configuration { get; }

        /// <summary>The folder of the AppHost project, where its settings files are.</summary>
        string AppHostDirectory { get; }

        IHostEnvironment Environment { get; }

        IList<IResource> Resources { get; }

        IResourceBuilder<T> AddResource<T>(T resource) where T : IResource;

        DistributedApplication Build();
    }

    public sealed class DistributedApplicationOptions
    {
        public string[]? Args { get; set; }

        public bool DisableDashboard { get; set; }
    }
}

namespace Aspire.Hosting.ApplicationModel
{
    public interface IResourceBuilder<out T> where T : IResource
    {
        IDistributedApplicationBuilder ApplicationBuilder { get; }

        T Resource { get; }

        IResourceBuilder<T> WithAnnotation(IResourceAnnotation annotation);
    }

    internal sealed class ResourceBuilder<T>(IDistributedApplicationBuilder applicationBuilder, T resource) : IResourceBuilder<T>
        where T : IResource
    {
        public IDistributedApplicationBuilder ApplicationBuilder { get; } = applicationBuilder;

        public T Resource { get; } = resource;

        public IResourceBuilder<T> WithAnnotation(IResourceAnnotation annotation)
        {
            Resource.Annotations.Add(annotation);
            return this;
        }
    }
}
