// State in DynamoDB, as a bank would have it: consistent reads, and what is used once is consumed by a condition.
import {
  ConditionalCheckFailedException, DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand, UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { errors } from 'oidc-provider';

const TableName = process.env.PEER_TABLE;
const GRANTABLE = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken']);
const client = new DynamoDBClient({ maxAttempts: 3 });
const seconds = () => Math.floor(Date.now() / 1000);

async function item(pk) {
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: { pk: { S: pk } }, ConsistentRead: true }));
  return Item;
}

const put = (Item) => client.send(new PutItemCommand({ TableName, Item }));

export const putOnce = (pk, lasts) => client.send(new PutItemCommand({
  TableName,
  Item: { pk: { S: pk }, expires_at: { N: String(seconds() + lasts) } },
  ConditionExpression: 'attribute_not_exists(pk)',
}));

export async function update(pk, UpdateExpression, ConditionExpression, ExpressionAttributeValues) {
  const { Attributes } = await client.send(new UpdateItemCommand({
    TableName, Key: { pk: { S: pk } }, UpdateExpression, ConditionExpression, ExpressionAttributeValues, ReturnValues: 'ALL_NEW',
  }));
  return Attributes;
}

export class DynamoAdapter {
  constructor(model) { this.model = model; }

  key(id) { return `${this.model} ${id}`; }

  async upsert(id, payload, expiresIn) {
    const expires = expiresIn ? { expires_at: { N: String(seconds() + expiresIn) } } : {};
    const Item = { pk: { S: this.key(id) }, payload: { S: JSON.stringify(payload) }, ...expires };
    if (GRANTABLE.has(this.model) && payload.grantId) Object.assign(Item, { grant: { S: payload.grantId }, at: { N: String(seconds()) } });
    const writes = [put(Item)];
    // An index is not read consistently, so a session is found by its uid by an item of its own.
    if (this.model === 'Session') writes.push(put({ pk: { S: `uid ${payload.uid}` }, id: { S: id }, ...expires }));
    await Promise.all(writes);
  }

  async find(id) {
    const found = await item(this.key(id));
    if (!found || (found.expires_at && Number(found.expires_at.N) < seconds())) return undefined;
    return { ...JSON.parse(found.payload.S), ...(found.consumed && { consumed: Number(found.consumed.N) }) };
  }

  async findByUid(uid) {
    const found = await item(`uid ${uid}`);
    return found && this.find(found.id.S);
  }

  async findByUserCode() { throw new Error('the device flow is off'); }

  async consume(id) {
    try {
      await client.send(new UpdateItemCommand({
        TableName,
        Key: { pk: { S: this.key(id) } },
        UpdateExpression: 'SET #consumed = :now',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(#consumed)',
        ExpressionAttributeNames: { '#consumed': 'consumed' },
        ExpressionAttributeValues: { ':now': { N: String(seconds()) } },
      }));
    } catch (problem) {
      if (problem instanceof ConditionalCheckFailedException) throw new errors.InvalidGrant('already used');
      throw problem;
    }
  }

  async destroy(id) {
    await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: this.key(id) } } }));
  }

  async revokeByGrantId(grantId) {
    const { Items } = await client.send(new QueryCommand({
      TableName,
      IndexName: 'by_grant',
      KeyConditionExpression: '#grant = :grant',
      ExpressionAttributeNames: { '#grant': 'grant' },
      ExpressionAttributeValues: { ':grant': { S: grantId } },
    }));
    await Promise.all(Items.map(({ pk }) => client.send(new DeleteItemCommand({ TableName, Key: { pk } }))));
  }
}
