using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>What stands at an address of the kernel's code.</summary>
/// <param name="Phase">Its phase; null takes that of the caller.</param>
/// <param name="Origin">How it came to be.</param>
/// <param name="Point">What it marks.</param>
internal readonly record struct KernelPlace(Phase? Phase, CodeOrigin Origin, KernelPoint Point);

/// <summary>The kernel's code by address, each address looked up once.</summary>
internal sealed class KernelCode(LinuxMachine machine)
{
    private readonly Dictionary<ulong, KernelPlace> _places = [];

    public KernelPlace this[ulong address]
    {
        get
        {
            if (!_places.TryGetValue(address, out KernelPlace place))
            {
                (Phase? phase, CodeOrigin origin) = machine.CodeAt(address);
                _places[address] = place = new KernelPlace(phase, origin, machine.PointAt(address));
            }

            return place;
        }
    }
}
