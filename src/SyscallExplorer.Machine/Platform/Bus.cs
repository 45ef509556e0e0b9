using System.Buffers.Binary;

namespace SyscallExplorer.Machine;

/// <summary>A device with registers in the physical address space.</summary>
public interface IMemoryDevice : IDevice
{
    /// <summary>First physical address, a multiple of 4096.</summary>
    ulong Address { get; }

    /// <summary>Bytes it answers for, a multiple of 4096.</summary>
    ulong Length { get; }

    /// <summary>Reads <paramref name="size"/> bytes (1, 2, 4 or 8) at an offset from <see cref="Address"/>.</summary>
    ulong Read(ulong offset, int size);

    /// <summary>Writes <paramref name="size"/> bytes (1, 2, 4 or 8) at an offset from <see cref="Address"/>.</summary>
    void Write(ulong offset, int size, ulong value);
}

/// <summary>A device behind I/O ports.</summary>
public interface IPortDevice : IDevice
{
    /// <summary>First port.</summary>
    ushort FirstPort { get; }

    /// <summary>Number of ports.</summary>
    int PortCount { get; }

    /// <summary>IN: <paramref name="size"/> bytes (1, 2 or 4).</summary>
    uint In(ushort port, int size);

    /// <summary>OUT: <paramref name="size"/> bytes (1, 2 or 4).</summary>
    void Out(ushort port, int size, uint value);
}

/// <summary>A device whose state is part of a snapshot.</summary>
public interface IDevice
{
    /// <summary>The device's state as an immutable value.</summary>
    object Capture();

    /// <summary>Takes back a state that <see cref="Capture"/> gave.</summary>
    void Restore(object state);
}

/// <summary>The physical address space and the I/O ports: RAM first, then devices, and nothing (all ones) elsewhere.</summary>
public sealed class Bus
{
    private readonly IMemoryDevice[] _memoryDevices;
    private readonly IPortDevice[] _portDevices;

    /// <summary>Connects RAM and devices.</summary>
    public Bus(PhysicalMemory ram, params IReadOnlyList<IDevice> devices)
    {
        Ram = ram;
        Devices = devices;
        _memoryDevices = devices.OfType<IMemoryDevice>().ToArray();
        _portDevices = devices.OfType<IPortDevice>().ToArray();
        foreach (IMemoryDevice device in _memoryDevices)
        {
            if (device.Address % PhysicalMemory.FrameSize != 0 || device.Length % PhysicalMemory.FrameSize != 0 || ram.Contains(device.Address))
            {
                throw new ArgumentException(
                    $"The device at {device.Address:x}h, {device.Length:x}h bytes, must cover whole 4 KiB pages above the guest's RAM of {ram.Size:x}h bytes.", nameof(devices));
            }
        }
    }

    /// <summary>RAM, from physical address 0.</summary>
    public PhysicalMemory Ram { get; }

    /// <summary>The devices, in the order given.</summary>
    public IReadOnlyList<IDevice> Devices { get; }

    /// <summary>The states of all devices, in their order.</summary>
    public IReadOnlyList<object> CaptureDevices() => Devices.Select(device => device.Capture()).ToList();

    /// <summary>Gives the devices back the states that <see cref="CaptureDevices"/> took of devices of the same kinds.</summary>
    /// <exception cref="ArgumentException">There are not as many states as devices.</exception>
    public void RestoreDevices(IReadOnlyList<object> states)
    {
        if (states.Count != Devices.Count)
            throw new ArgumentException($"The bus has {Devices.Count} devices and was given {states.Count} states.", nameof(states));
        for (int i = 0; i < states.Count; i++)
            Devices[i].Restore(states[i]);
    }

    /// <summary>Raised after a write to RAM that the page walker made, with its address.</summary>
    internal event Action<ulong>? WalkerWrote;

    /// <summary>Reads a port; a port that nobody answers reads as all ones.</summary>
    internal uint In(ushort port, int size)
    {
        foreach (IPortDevice device in _portDevices)
        {
            if (port >= device.FirstPort && port < device.FirstPort + device.PortCount)
                return device.In(port, size);
        }

        return uint.MaxValue;
    }

    /// <summary>Writes a port; a port that nobody answers swallows it.</summary>
    internal void Out(ushort port, int size, uint value)
    {
        foreach (IPortDevice device in _portDevices)
        {
            if (port >= device.FirstPort && port < device.FirstPort + device.PortCount)
            {
                device.Out(port, size, value);
                return;
            }
        }
    }

    internal ulong ReadPhysical64(ulong address)
    {
        if (Ram.Contains(address))
            return BinaryPrimitives.ReadUInt64LittleEndian(Ram.FrameForRead(address).AsSpan((int)(address % PhysicalMemory.FrameSize)));
        return ReadDevice(address, 8);
    }

    internal uint ReadPhysical32(ulong address)
    {
        if (Ram.Contains(address))
            return BinaryPrimitives.ReadUInt32LittleEndian(Ram.FrameForRead(address).AsSpan((int)(address % PhysicalMemory.FrameSize)));
        return (uint)ReadDevice(address, 4);
    }

    internal void WritePhysical32(ulong address, uint value)
    {
        if (!Ram.Contains(address))
        {
            WriteDevice(address, 4, value);
            return;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(Ram.FrameForWrite(address).AsSpan((int)(address % PhysicalMemory.FrameSize)), value);
        WalkerWrote?.Invoke(address);
    }

    internal void WritePhysical64(ulong address, ulong value)
    {
        if (!Ram.Contains(address))
        {
            WriteDevice(address, 8, value);
            return;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(Ram.FrameForWrite(address).AsSpan((int)(address % PhysicalMemory.FrameSize)), value);
        WalkerWrote?.Invoke(address);
    }

    internal ulong ReadDevice(ulong address, int size)
    {
        foreach (IMemoryDevice device in _memoryDevices)
        {
            if (address - device.Address < device.Length)
                return device.Read(address - device.Address, size);
        }

        return ulong.MaxValue;
    }

    internal void WriteDevice(ulong address, int size, ulong value)
    {
        foreach (IMemoryDevice device in _memoryDevices)
        {
            if (address - device.Address < device.Length)
            {
                device.Write(address - device.Address, size, value);
                return;
            }
        }
    }
}
