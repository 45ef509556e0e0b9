using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Page tables as a debugger reads them: rights combined along the walk.</summary>
internal readonly record struct PageView(ulong Physical, bool Writable, bool User, bool Executable, bool Global)
{
    public static PageView? Of(LinuxMachine machine, ulong root, ulong linear)
    {
        PhysicalMemory ram = machine.Processor.Bus.Ram;
        ulong table = root & PageEntry.Address;
        (bool writable, bool user, bool executable) = (true, true, true);
        for (int shift = 39; ; shift -= 9)
        {
            ulong entry = ram.ReadUInt64(table + ((linear >> shift) & 511) * 8);
            if ((entry & PageEntry.P) == 0)
                return null;
            writable &= (entry & PageEntry.RW) != 0;
            user &= (entry & PageEntry.US) != 0;
            executable &= (entry & PageEntry.NX) == 0;
            if (shift == 12 || (entry & PageEntry.PS) != 0)
            {
                ulong within = linear & ((1ul << shift) - 1);
                return new PageView((entry & PageEntry.Address & ~((1ul << shift) - 1)) | within, writable, user, executable, (entry & PageEntry.G) != 0);
            }

            table = entry & PageEntry.Address;
        }
    }
}
