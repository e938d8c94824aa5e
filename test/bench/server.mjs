export async function measureServer() {}
